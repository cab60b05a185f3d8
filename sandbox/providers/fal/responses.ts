import type { AnswerFault } from '../simulation/faults.ts'
import type { Call } from '../http/call.ts'
import type { Job, JobFailure } from '../jobs/job.ts'
import type { FalProblem } from './input.ts'

/** How fal words what it refuses. */
export const falAnswers: Record<AnswerFault, (call: Call) => Response> = {
  'bad-key': (call) => call.json({ detail: 'Authentication is required to access this application.' }, 401),
  'no-credit': (call) =>
    call.json({ detail: 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.' }, 403),
  busy: (call) => call.json({ detail: 'Too many requests. Please try again later.' }, 429),
  down: (call) => call.json({ detail: 'The service is temporarily unavailable.', error_type: 'runner_scheduling_failure' }, 503),
  refused: (call) =>
    answerWithProblems(call, [{ loc: ['body', 'prompt'], msg: 'Value error', type: 'value_error', url: documentation('value_error') }]),
}

export function answerWithProblems(call: Call, detail: FalProblem[]): Response {
  return call.json({ detail }, 422)
}

export function notFound(call: Call, detail = 'Not found'): Response {
  return call.json({ detail }, 404)
}

/** What the result of a job says that delivered nothing; fal has no FAILED status, it shows only here. */
export function answerWithFailure(call: Call, job: Job): Response {
  const { body, status, headers } = failureOf(job)
  for (const [name, value] of Object.entries(headers)) call.header(name, value)
  const answer = call.json(body, 400)
  // 499 is nobody's standard, and Hono's types know only the registered ones.
  return new Response(answer.body, { status, headers: answer.headers })
}

/** The same for whoever hears of it in another way. */
export function failureOf(job: Job): { body: Record<string, unknown>; status: number; headers: Record<string, string> } {
  const request = requestErrorOf(job)
  if (request) {
    const { error: detail, type, status } = request
    return { body: { detail, error_type: type }, status, headers: { 'X-Fal-Error-Type': type } }
  }
  const { problem, status, retryable } = problemOf(job.failure ?? { kind: 'failed' }, job)
  const detail = [{ ...problem, url: documentation(problem.type) }]
  return { body: { detail }, status, headers: { 'X-Fal-Retryable': String(retryable) } }
}

/** What fal itself says of a request that never became the model's: its status tells this, too. */
export function requestErrorOf(job: Job): { error: string; type: string; status: number } | undefined {
  if (job.state !== 'cancelled' && job.state !== 'aborted') return undefined
  return { error: 'Request was cancelled by the client', type: 'client_cancelled', status: 499 }
}

interface WordedFailure {
  problem: FalProblem
  status: 400 | 422 | 504
  retryable: boolean
}

function problemOf({ kind, image = 'start' }: JobFailure, { order }: Job): WordedFailure {
  const loc = ['body', image === 'start' ? 'image_url' : 'tail_image_url']
  const input = image === 'start' ? order.firstImageUrl : order.lastImageUrl
  const unusable = (type: string, msg: string): WordedFailure => ({ problem: { loc, msg, type, input }, status: 422, retryable: false })
  switch (kind) {
    case 'moderated':
      return {
        problem: {
          loc: ['body', 'prompt'],
          msg: 'The content could not be processed because it was flagged by a content checker.',
          type: 'content_policy_violation',
          ctx: { extra_info: { reason: 'partner_validation_failed' } },
          input: order.prompt,
        },
        status: 422,
        retryable: false,
      }
    case 'timed-out':
      return {
        problem: { loc: ['body'], msg: 'The request exceeded the maximum time for generation.', type: 'generation_timeout' },
        status: 504,
        retryable: true,
      }
    case 'failed':
      return {
        problem: { loc: ['body'], msg: 'The downstream service reported an error.', type: 'downstream_service_error' },
        status: 400,
        retryable: true,
      }
    case 'image-unreachable':
      return unusable('file_download_error', 'Failed to download the file. Please check if the URL is accessible and try again.')
    case 'image-too-large':
      return unusable('file_too_large', 'The file is larger than the allowed 10485760 bytes.')
    case 'image-unsupported':
      return unusable('unsupported_image_format', 'Unsupported image format. Use one of: jpg, jpeg, png.')
    case 'image-unreadable':
      return unusable('image_load_error', 'Failed to load the image. Please ensure the image file is not corrupted.')
    case 'image-too-small':
      return unusable('image_too_small', 'Image dimensions are too small. Minimum dimensions are 300x300 pixels.')
    case 'image-aspect':
      return unusable('value_error', 'The aspect ratio of the image must be between 0.40 and 2.50.')
  }
}

function documentation(type: string): string {
  return `https://docs.fal.ai/errors#${type}`
}
