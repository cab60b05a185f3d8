import type { Call } from '../call.ts'
import type { AnswerFault } from '../faults.ts'
import { type JobFailure, riskControlWords } from '../job.ts'
import type { EachlabsConduct } from './eachlabs-behavior.ts'

type ErrorStatus = 400 | 401 | 402 | 403 | 404 | 413 | 422 | 429 | 503

/** One error in the several bodies that are told of. */
export function refuse(call: Call, status: ErrorStatus, error: string, details: string, { errorBody }: EachlabsConduct): Response {
  switch (errorBody) {
    case 'message':
      return call.json({ status: 'error', message: error, details }, status)
    case 'bare':
      return call.json({ error }, status)
    case 'empty':
      return [400, 401, 422].includes(status) ? call.json({}, status) : call.json({ status, error, details }, status)
    case 'error':
      return call.json({ status, error, details }, status)
  }
}

/** How Eachlabs words what it refuses. */
export const eachlabsAnswers = (conduct: EachlabsConduct): Record<AnswerFault, (call: Call) => Response> => ({
  'bad-key': (call) => refuse(call, 401, 'unauthorized', 'Missing or invalid API key', conduct),
  'no-credit': (call) => refuse(call, 402, 'payment required', 'Insufficient balance for this prediction', conduct),
  busy: (call) => refuse(call, 429, 'too many requests', 'Account rate limited: too many predictions in flight', conduct),
  down: (call) => refuse(call, 503, 'service unavailable', 'Please try again later', conduct),
  refused: (call) => refuse(call, 400, 'bad request', 'prompt: invalid value', conduct),
})

/** Why a job failed: a code and a sentence. */
export function reasonOf({ kind, picture = 'start', byModel }: JobFailure): { code: string; message: string; retryable: boolean } {
  const field = picture === 'start' ? 'image_url' : 'tail_image_url'
  const invalid = (message: string) => ({ code: 'INPUT_VALIDATION_ERROR', message, retryable: false })
  switch (kind) {
    case 'moderated':
      return {
        code: 'PROVIDER_REJECTED',
        message: byModel ? riskControlWords : 'The content was rejected by the safety policy of the provider',
        retryable: false,
      }
    case 'failed':
      return { code: 'PROVIDER_FAILED', message: 'The provider failed to process the request', retryable: true }
    case 'timed-out':
      return { code: 'EXECUTION_TIMEOUT', message: 'The execution timed out', retryable: true }
    case 'picture-unreachable':
      return { code: 'INPUT_DOWNLOAD_ERROR', message: `${field} could not be downloaded`, retryable: false }
    case 'picture-too-large':
      return invalid(`${field} is larger than 10MB`)
    case 'picture-unsupported':
      return invalid(`${field} must be a jpg, jpeg or png file`)
    case 'picture-unreadable':
      return invalid(`${field} could not be decoded`)
    case 'picture-too-small':
      return invalid(`${field} must be at least 300x300 pixels`)
    case 'picture-aspect':
      return invalid(`the aspect ratio of ${field} must be between 1:2.5 and 2.5:1`)
  }
}
