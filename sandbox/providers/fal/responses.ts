import type { Call } from '../http/call.ts'
import type { ImageProblem } from '../jobs/image.ts'
import type { Job } from '../jobs/job.ts'
import type { AnswerFault } from '../simulation/faults.ts'
import type { FalProblem } from './input.ts'

const refusals: Record<AnswerFault, [status: 401 | 403 | 422 | 429 | 503, body: Record<string, unknown>]> = {
  'bad-key': [401, { detail: 'Authentication is required to access this application.' }],
  'no-credit': [403, { detail: 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.' }],
  busy: [429, { detail: 'Too many requests. Please try again later.' }],
  down: [503, { detail: 'The service is temporarily unavailable.', error_type: 'runner_scheduling_failure' }],
  refused: [422, { detail: [{ loc: ['body', 'prompt'], msg: 'Value error', type: 'value_error', url: documentation('value_error') }] }],
}

export function refuse(fault: AnswerFault, call: Call): Response {
  const [status, body] = refusals[fault]
  return call.json(body, status)
}

export function respondWithProblems(call: Call, detail: FalProblem[]): Response {
  return call.json({ detail }, 422)
}

export function notFound(call: Call, detail = 'Not found'): Response {
  return call.json({ detail }, 404)
}

/** The result of a job without a clip. fal has no FAILED status: a failure shows only here. */
export function respondWithFailure(call: Call, job: Job): Response {
  const { body, status, headers } = failureOf(job)
  for (const [name, value] of Object.entries(headers)) call.header(name, value)
  const answer = call.json(body, 400)
  // Hono's types allow only registered statuses, and 499 is not one.
  return new Response(answer.body, { status, headers: answer.headers })
}

/** The failure as results and webhooks report it. */
export function failureOf(job: Job): { body: Record<string, unknown>; status: number; headers: Record<string, string> } {
  const request = requestErrorOf(job)
  if (request) {
    const { error: detail, type, status } = request
    return { body: { detail, error_type: type }, status, headers: { 'X-Fal-Error-Type': type } }
  }
  const { problem, status, retryable } = problemOf(job)
  const detail = [{ ...problem, url: documentation(problem.type) }]
  return { body: { detail }, status, headers: { 'X-Fal-Retryable': String(retryable) } }
}

/** fal's own error of a request that was cancelled, which its status shows too. */
export function requestErrorOf(job: Job): { error: string; type: string; status: number } | undefined {
  if (job.state !== 'cancelled' && job.state !== 'aborted') return undefined
  return { error: 'Request was cancelled by the client', type: 'client_cancelled', status: 499 }
}

interface Failure {
  problem: FalProblem
  status: 400 | 422 | 504
  retryable: boolean
}

const imageProblems: Record<ImageProblem, [type: string, msg: string]> = {
  'image-unreachable': ['file_download_error', 'Failed to download the file. Please check if the URL is accessible and try again.'],
  'image-too-large': ['file_too_large', 'The file is larger than the allowed 10485760 bytes.'],
  'image-unsupported': ['unsupported_image_format', 'Unsupported image format. Use one of: jpg, jpeg, png.'],
  'image-unreadable': ['image_load_error', 'Failed to load the image. Please ensure the image file is not corrupted.'],
  'image-too-small': ['image_too_small', 'Image dimensions are too small. Minimum dimensions are 300x300 pixels.'],
  'image-aspect': ['value_error', 'The aspect ratio of the image must be between 0.40 and 2.50.'],
}

function problemOf({ failure: { kind, image = 'start' } = { kind: 'failed' }, order }: Job): Failure {
  switch (kind) {
    case 'moderated': {
      const problem = {
        loc: ['body', 'prompt'],
        msg: 'The content could not be processed because it was flagged by a content checker.',
        type: 'content_policy_violation',
        ctx: { extra_info: { reason: 'partner_validation_failed' } },
        input: order.prompt,
      }
      return { problem, status: 422, retryable: false }
    }
    case 'timed-out': {
      const problem = { loc: ['body'], msg: 'The request exceeded the maximum time for generation.', type: 'generation_timeout' }
      return { problem, status: 504, retryable: true }
    }
    case 'failed': {
      const problem = { loc: ['body'], msg: 'The downstream service reported an error.', type: 'downstream_service_error' }
      return { problem, status: 400, retryable: true }
    }
    default: {
      const [type, msg] = imageProblems[kind]
      const isFirst = image === 'start'
      const loc = ['body', isFirst ? 'image_url' : 'tail_image_url']
      return { problem: { loc, msg, type, input: isFirst ? order.firstImageUrl : order.lastImageUrl }, status: 422, retryable: false }
    }
  }
}

function documentation(type: string): string {
  return `https://docs.fal.ai/errors#${type}`
}
