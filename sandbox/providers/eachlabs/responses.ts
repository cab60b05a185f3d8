import type { Call } from '../http/call.ts'
import type { JobFailure } from '../jobs/job.ts'
import type { Behavior } from '../simulation/behavior.ts'
import type { AnswerFault } from '../simulation/faults.ts'

type ErrorStatus = 400 | 401 | 402 | 403 | 404 | 413 | 422 | 429 | 503

interface EachlabsError {
  status: ErrorStatus
  message: string
  details: string
}

export function respondWithError(call: Call, { status, message, details }: EachlabsError, { eachlabsDocument }: Behavior): Response {
  const body = eachlabsDocument === 'model-page' ? { status: 'error', message, details } : { status, error: message, details }
  return call.json(body, status)
}

const refusals: Record<AnswerFault, EachlabsError> = {
  'bad-key': { status: 401, message: 'unauthorized', details: 'Missing or invalid API key' },
  'no-credit': { status: 402, message: 'payment required', details: 'Insufficient balance for this prediction' },
  busy: { status: 429, message: 'too many requests', details: 'Account rate limited: too many predictions in flight' },
  down: { status: 503, message: 'service unavailable', details: 'Please try again later' },
  refused: { status: 400, message: 'bad request', details: 'prompt: invalid value' },
}

export function refuse(fault: AnswerFault, call: Call, behavior: Behavior): Response {
  return respondWithError(call, refusals[fault], behavior)
}

export function notFound(call: Call, details: string, behavior: Behavior): Response {
  return respondWithError(call, { status: 404, message: 'not found', details }, behavior)
}

export function badRequest(call: Call, details: string, behavior: Behavior): Response {
  return respondWithError(call, { status: 400, message: 'bad request', details }, behavior)
}

const reasons: Record<JobFailure['kind'], [code: string, message: string]> = {
  // The text in which Kling refuses content at every provider.
  moderated: ['PROVIDER_REJECTED', 'Failure to pass the risk control system'],
  failed: ['PROVIDER_FAILED', 'The provider failed to process the request'],
  'timed-out': ['EXECUTION_TIMEOUT', 'The execution timed out'],
  'image-unreachable': ['INPUT_DOWNLOAD_ERROR', '{image} could not be downloaded'],
  'image-too-large': ['INPUT_VALIDATION_ERROR', '{image} is larger than 10MB'],
  'image-unsupported': ['INPUT_VALIDATION_ERROR', '{image} must be a jpg, jpeg or png file'],
  'image-unreadable': ['INPUT_VALIDATION_ERROR', '{image} could not be decoded'],
  'image-too-small': ['INPUT_VALIDATION_ERROR', '{image} must be at least 300x300 pixels'],
  'image-aspect': ['INPUT_VALIDATION_ERROR', 'the aspect ratio of {image} must be between 1:2.5 and 2.5:1'],
}

/** Why a job failed. */
export function reasonOf({ kind, image = 'start' }: JobFailure): { code: string; message: string; retryable: boolean } {
  const [code, message] = reasons[kind]
  const field = image === 'start' ? 'image_url' : 'tail_image_url'
  return { code, message: message.replace('{image}', field), retryable: kind === 'failed' || kind === 'timed-out' }
}
