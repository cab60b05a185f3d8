import type { Call } from '../http/call.ts'
import { retryAfterSeconds } from '../http/retry-after.ts'
import type { JobFailure } from '../jobs/job.ts'
import type { AnswerFault } from '../simulation/faults.ts'
import type { InvalidField } from './prediction-order.ts'

const noCredit =
  'You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to purchase credit. ' +
  'Once you purchase credit, please wait a few minutes before trying again.'
const throttled = `Request was throttled. Your rate limit for creating predictions resets in ~${retryAfterSeconds}s.`

const refusals: Record<AnswerFault, (call: Call) => Response> = {
  'bad-key': (call) => respondWithError(call, 401, 'Unauthenticated', 'You did not pass a valid authentication token'),
  'no-credit': (call) => respondWithError(call, 402, 'Insufficient credit', noCredit),
  busy: (call) => call.json({ detail: throttled, status: 429, retry_after: retryAfterSeconds }, 429),
  down: (call) => respondWithError(call, 503, 'Service unavailable', 'The service is temporarily unavailable.'),
  refused: (call) => respondWithInvalidFields(call, [{ type: 'invalid', field: 'input.prompt', description: 'prompt is invalid' }]),
}

export function refuse(fault: AnswerFault, call: Call): Response {
  return refusals[fault](call)
}

export function respondWithError(call: Call, status: 400 | 401 | 402 | 404 | 413 | 422 | 503, title: string, detail: string): Response {
  return call.json({ title, detail, status }, status)
}

export function respondWithInvalidFields(call: Call, fields: InvalidField[]): Response {
  const detail = fields.map(({ field, description }) => `- ${field}: ${description}\n`).join('')
  return call.json({ title: 'Input validation failed', detail, status: 422, invalid_fields: fields }, 422)
}

export function notFound(call: Call): Response {
  return respondWithError(call, 404, 'Not found', 'The requested resource could not be found.')
}

const failures: Record<JobFailure['kind'], string> = {
  moderated: 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)',
  failed: 'Prediction failed: the upstream service returned an error.',
  'timed-out': 'Prediction failed: the upstream service timed out.',
  'image-unreachable': 'Prediction failed: {image} could not be downloaded.',
  'image-too-large': 'Prediction failed: {image} is larger than 10MB.',
  'image-unsupported': 'Prediction failed: {image} must be a JPG, JPEG or PNG file.',
  'image-unreadable': 'Prediction failed: {image} could not be read.',
  'image-too-small': 'Prediction failed: {image} must be at least 300px on each side.',
  'image-aspect': 'Prediction failed: the aspect ratio of {image} must be between 1:2.5 and 2.5:1.',
}

/** The `error` of a failed prediction. */
export function errorOf({ kind, image = 'start' }: JobFailure): string {
  return failures[kind].replace('{image}', `${image}_image`)
}
