import type { Call } from '../http/call.ts'
import type { AnswerFault } from '../simulation/faults.ts'
import type { JobFailure } from '../jobs/job.ts'
import { throttledSeconds } from '../http/retry-after.ts'
import type { InvalidField } from './prediction-order.ts'

/** How Replicate words what it refuses. */
export const replicateAnswers: Record<AnswerFault, (call: Call) => Response> = {
  'bad-key': (call) => call.json({ title: 'Unauthenticated', detail: 'You did not pass a valid authentication token', status: 401 }, 401),
  'no-credit': (call) =>
    call.json(
      {
        title: 'Insufficient credit',
        detail:
          'You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to purchase credit. ' +
          'Once you purchase credit, please wait a few minutes before trying again.',
        status: 402,
      },
      402,
    ),
  busy: (call) =>
    call.json(
      {
        detail: `Request was throttled. Your rate limit for creating predictions resets in ~${throttledSeconds}s.`,
        status: 429,
        retry_after: throttledSeconds,
      },
      429,
    ),
  down: (call) => call.json({ title: 'Service unavailable', detail: 'The service is temporarily unavailable.', status: 503 }, 503),
  refused: (call) => answerWithInvalidFields(call, [{ type: 'invalid', field: 'input.prompt', description: 'prompt is invalid' }]),
}

export function answerWithInvalidFields(call: Call, fields: InvalidField[]): Response {
  const detail = fields.map(({ field, description }) => `- ${field}: ${description}\n`).join('')
  return call.json({ title: 'Input validation failed', detail, status: 422, invalid_fields: fields }, 422)
}

export function notFound(call: Call): Response {
  return call.json({ title: 'Not found', detail: 'The requested resource could not be found.', status: 404 }, 404)
}

/** The `error` of a failed prediction. */
export function errorOf({ kind, image = 'start' }: JobFailure): string {
  const field = `${image}_image`
  switch (kind) {
    case 'moderated':
      return 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)'
    case 'failed':
      return 'Prediction failed: the upstream service returned an error.'
    case 'timed-out':
      return 'Prediction failed: the upstream service timed out.'
    case 'image-unreachable':
      return `Prediction failed: ${field} could not be downloaded.`
    case 'image-too-large':
      return `Prediction failed: ${field} is larger than 10MB.`
    case 'image-unsupported':
      return `Prediction failed: ${field} must be a JPG, JPEG or PNG file.`
    case 'image-unreadable':
      return `Prediction failed: ${field} could not be read.`
    case 'image-too-small':
      return `Prediction failed: ${field} must be at least 300px on each side.`
    case 'image-aspect':
      return `Prediction failed: the aspect ratio of ${field} must be between 1:2.5 and 2.5:1.`
  }
}
