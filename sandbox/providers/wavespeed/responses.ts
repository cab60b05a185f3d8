import type { Call } from '../http/call.ts'
import type { JobFailure } from '../jobs/job.ts'
import type { AnswerFault } from '../simulation/faults.ts'

type ErrorStatus = 400 | 401 | 402 | 403 | 404 | 413 | 429 | 503

/** Wraps the data of a successful response in WaveSpeed's envelope. */
export function respond(call: Call, data: unknown): Response {
  return call.json({ code: 200, message: 'success', data })
}

export function respondWithError(call: Call, status: ErrorStatus, message: string): Response {
  return call.json({ code: status, message, ...(status === 403 && { error_code: 'forbidden' }) }, status)
}

export function notFound(call: Call): Response {
  return respondWithError(call, 404, 'Not found')
}

const refusals: Record<AnswerFault, [status: ErrorStatus, message: string]> = {
  'bad-key': [401, 'Invalid API key'],
  'no-credit': [402, 'Insufficient credits. Please top up to continue.'],
  busy: [429, 'Too many requests: the limit of your account level is reached.'],
  down: [503, 'Service temporarily unavailable'],
  refused: [400, 'Invalid parameter: prompt'],
}

export function refuse(fault: AnswerFault, call: Call): Response {
  return respondWithError(call, ...refusals[fault])
}

const failures: Record<JobFailure['kind'], [code: number, error: string]> = {
  moderated: [1200, 'Content flagged as potentially sensitive. Please try different inputs.'],
  failed: [1403, 'Task failed'],
  'timed-out': [5004, 'Task timed out'],
  'image-unreachable': [1402, 'The media URL of {image} is not reachable'],
  'image-too-large': [1401, 'Invalid parameter: {image} exceeds 10MB'],
  'image-unsupported': [1401, 'Invalid parameter: {image} must be .jpg, .jpeg or .png'],
  'image-unreadable': [1401, 'Invalid parameter: {image} cannot be decoded'],
  'image-too-small': [1401, 'Invalid parameter: {image} must be at least 300*300px'],
  'image-aspect': [1401, 'Invalid parameter: the aspect ratio of {image} must be between 1:2.5 and 2.5:1'],
}

export function errorOfMissing(fields: readonly string[]): { error: string; code: number } {
  return { error: `Missing required parameter: ${fields.join(', ')}`, code: 1400 }
}

/** The error of a failed task, which the HTTP status does not show. */
export function errorOf({ kind, image = 'start' }: JobFailure): { error: string; code: number } {
  const [code, error] = failures[kind]
  return { error: error.replace('{image}', image === 'start' ? 'image' : 'last_image'), code }
}
