import type { Call } from '../http/call.ts'
import type { AnswerFault } from '../simulation/faults.ts'
import type { JobFailure } from '../jobs/job.ts'

type ErrorStatus = 400 | 401 | 402 | 403 | 404 | 413 | 429 | 503

/** The envelope around everything that went well. */
export function answerWith(call: Call, data: unknown): Response {
  return call.json({ code: 200, message: 'success', data })
}

/** The envelope around what did not. */
export function refuse(call: Call, status: ErrorStatus, message: string): Response {
  return call.json({ code: status, message, ...(status === 403 && { error_code: 'forbidden' }) }, status)
}

/** How WaveSpeed words what it refuses. */
export const wavespeedAnswers: Record<AnswerFault, (call: Call) => Response> = {
  'bad-key': (call) => refuse(call, 401, 'Invalid API key'),
  'no-credit': (call) => refuse(call, 402, 'Insufficient credits. Please top up to continue.'),
  busy: (call) => refuse(call, 429, 'Too many requests: the limit of your account level is reached.'),
  down: (call) => refuse(call, 503, 'Service temporarily unavailable'),
  refused: (call) => refuse(call, 400, 'Invalid parameter: prompt'),
}

/** What a failed task says: its text and its numeric code. HTTP knows nothing of it. */
export function errorOf({ kind, image = 'start' }: JobFailure): { error: string; code: number } {
  const field = image === 'start' ? 'image' : 'last_image'
  switch (kind) {
    case 'moderated':
      return { error: 'Content flagged as potentially sensitive. Please try different inputs.', code: 1200 }
    case 'failed':
      return { error: 'Task failed', code: 1403 }
    case 'timed-out':
      return { error: 'Task timed out', code: 5004 }
    case 'image-unreachable':
      return { error: `The media URL of ${field} is not reachable`, code: 1402 }
    case 'image-too-large':
      return { error: `Invalid parameter: ${field} exceeds 10MB`, code: 1401 }
    case 'image-unsupported':
      return { error: `Invalid parameter: ${field} must be .jpg, .jpeg or .png`, code: 1401 }
    case 'image-unreadable':
      return { error: `Invalid parameter: ${field} cannot be decoded`, code: 1401 }
    case 'image-too-small':
      return { error: `Invalid parameter: ${field} must be at least 300*300px`, code: 1401 }
    case 'image-aspect':
      return { error: `Invalid parameter: the aspect ratio of ${field} must be between 1:2.5 and 2.5:1`, code: 1401 }
  }
}
