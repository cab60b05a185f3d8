import type { Call } from '../http/call.ts'
import type { AnswerFault } from '../simulation/faults.ts'
import type { JobFailure } from '../jobs/job.ts'

type ErrorStatus = 400 | 401 | 402 | 403 | 404 | 413 | 422 | 429 | 503

/** The body of every error. */
export function refuse(call: Call, status: ErrorStatus, error: string, details: string): Response {
  return call.json({ status, error, details }, status)
}

/** How Eachlabs words what it refuses. */
export const eachlabsAnswers: Record<AnswerFault, (call: Call) => Response> = {
  'bad-key': (call) => refuse(call, 401, 'unauthorized', 'Missing or invalid API key'),
  'no-credit': (call) => refuse(call, 402, 'payment required', 'Insufficient balance for this prediction'),
  busy: (call) => refuse(call, 429, 'too many requests', 'Account rate limited: too many predictions in flight'),
  down: (call) => refuse(call, 503, 'service unavailable', 'Please try again later'),
  refused: (call) => refuse(call, 400, 'bad request', 'prompt: invalid value'),
}

/** Why a job failed: a code and a sentence. */
export function reasonOf({ kind, image = 'start' }: JobFailure): { code: string; message: string; retryable: boolean } {
  const field = image === 'start' ? 'image_url' : 'tail_image_url'
  const invalid = (message: string) => ({ code: 'INPUT_VALIDATION_ERROR', message, retryable: false })
  switch (kind) {
    case 'moderated':
      return {
        code: 'PROVIDER_REJECTED',
        message: 'The content was rejected by the safety policy of the provider',
        retryable: false,
      }
    case 'failed':
      return { code: 'PROVIDER_FAILED', message: 'The provider failed to process the request', retryable: true }
    case 'timed-out':
      return { code: 'EXECUTION_TIMEOUT', message: 'The execution timed out', retryable: true }
    case 'image-unreachable':
      return { code: 'INPUT_DOWNLOAD_ERROR', message: `${field} could not be downloaded`, retryable: false }
    case 'image-too-large':
      return invalid(`${field} is larger than 10MB`)
    case 'image-unsupported':
      return invalid(`${field} must be a jpg, jpeg or png file`)
    case 'image-unreadable':
      return invalid(`${field} could not be decoded`)
    case 'image-too-small':
      return invalid(`${field} must be at least 300x300 pixels`)
    case 'image-aspect':
      return invalid(`the aspect ratio of ${field} must be between 1:2.5 and 2.5:1`)
  }
}
