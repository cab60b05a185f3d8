import type { AnswerFault } from '../simulation/faults.ts'
import type { JobFailure } from '../jobs/job.ts'

/** One entry of `errors`. */
export interface RunwareProblem {
  code: string
  message: string
  parameter?: string | string[]
  allowedValues?: readonly (string | number)[]
  taskType?: string
  taskUUID?: string
}

export const refusals: Record<AnswerFault, RunwareProblem> = {
  'bad-key': { code: 'invalidApiKey', message: 'Invalid API key. Get one at https://my.runware.ai/signup', parameter: 'apiKey' },
  'no-credit': { code: 'insufficientCredits', message: 'Insufficient credits, please add your credit card and top-up your balance' },
  busy: { code: 'rateLimitExceeded', message: 'Too many requests, please slow down' },
  down: { code: 'serviceUnavailable', message: 'The service is temporarily unavailable' },
  refused: { code: 'invalidPositivePrompt', message: "Invalid value for 'positivePrompt' parameter", parameter: 'positivePrompt' },
}

const statuses: Record<string, number> = {
  invalidApiKey: 401,
  insufficientCredits: 402,
  taskNotFound: 404,
  rateLimitExceeded: 429,
  serviceUnavailable: 503,
}

/** The HTTP status of a response with this problem alone. */
export function statusOf({ code }: RunwareProblem): number {
  return statuses[code] ?? 400
}

const failures: Record<JobFailure['kind'], [code: string, message: string]> = {
  moderated: ['invalidProviderContent', 'The content was refused by the moderation of the provider.'],
  failed: ['providerError', 'The provider reported an error.'],
  'timed-out': ['timeoutProvider', 'The provider did not respond in time.'],
  'image-unreachable': ['invalidFrameImage', 'The {image} frame image could not be fetched.'],
  'image-too-large': ['invalidFrameImageSize', 'The {image} frame image exceeds 10 MB.'],
  'image-unsupported': ['unsupportedFrameImageFormat', 'The {image} frame image must be a JPG or PNG.'],
  'image-unreadable': ['invalidFrameImage', 'The {image} frame image could not be read.'],
  'image-too-small': ['invalidFrameImageDimensions', 'The {image} frame image must be at least 300x300 pixels.'],
  'image-aspect': ['invalidFrameImageDimensions', 'The aspect of the {image} frame image must be 1:2.5 to 2.5:1.'],
}

/** The error of a failed job. */
export function problemOf({ kind, image = 'start' }: JobFailure): RunwareProblem {
  const [code, message] = failures[kind]
  return {
    code,
    message: message.replace('{image}', image === 'start' ? 'first' : 'last'),
    ...(kind.startsWith('image-') && { parameter: 'inputs.frameImages' }),
  }
}
