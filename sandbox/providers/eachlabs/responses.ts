import type { Call } from '../http/call.ts'
import type { JobFailure } from '../jobs/job.ts'
import type { AnswerFault } from '../simulation/faults.ts'

type ErrorStatus = 400 | 401 | 402 | 403 | 404 | 413 | 422 | 429 | 503

export function respondWithError(call: Call, status: ErrorStatus, error: string, details: string): Response {
  return call.json({ status, error, details }, status)
}

const refusals: Record<AnswerFault, [status: ErrorStatus, error: string, details: string]> = {
  'bad-key': [401, 'unauthorized', 'Missing or invalid API key'],
  'no-credit': [402, 'payment required', 'Insufficient balance for this prediction'],
  busy: [429, 'too many requests', 'Account rate limited: too many predictions in flight'],
  down: [503, 'service unavailable', 'Please try again later'],
  refused: [400, 'bad request', 'prompt: invalid value'],
}

export function refuse(fault: AnswerFault, call: Call): Response {
  return respondWithError(call, ...refusals[fault])
}

const reasons: Record<JobFailure['kind'], [code: string, message: string]> = {
  moderated: ['PROVIDER_REJECTED', 'The content was rejected by the safety policy of the provider'],
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
