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

/** How Runware words what it refuses. */
export const refusals: Record<AnswerFault, RunwareProblem> = {
  'bad-key': { code: 'invalidApiKey', message: 'Invalid API key. Get one at https://my.runware.ai/signup', parameter: 'apiKey' },
  'no-credit': {
    code: 'insufficientCredits',
    message: 'Insufficient credits, please add your credit card and top-up your balance',
  },
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

/** The HTTP status that says what kind of problem it is. */
export function statusOf({ code }: RunwareProblem): number {
  return statuses[code] ?? 400
}

/** What a job that failed is told with. */
export function problemOf({ kind, image = 'start' }: JobFailure): RunwareProblem {
  const parameter = 'inputs.frameImages'
  const which = image === 'start' ? 'first' : 'last'
  switch (kind) {
    case 'moderated':
      return { code: 'invalidProviderContent', message: 'The content was refused by the moderation of the provider.' }
    case 'failed':
      return { code: 'providerError', message: 'The provider reported an error.' }
    case 'timed-out':
      return { code: 'timeoutProvider', message: 'The provider did not respond in time.' }
    case 'image-unreachable':
      return { code: 'invalidFrameImage', message: `The ${which} frame image could not be fetched.`, parameter }
    case 'image-too-large':
      return { code: 'invalidFrameImageSize', message: `The ${which} frame image exceeds 10 MB.`, parameter }
    case 'image-unsupported':
      return { code: 'unsupportedFrameImageFormat', message: `The ${which} frame image must be a JPG or PNG.`, parameter }
    case 'image-unreadable':
      return { code: 'invalidFrameImage', message: `The ${which} frame image could not be read.`, parameter }
    case 'image-too-small':
      return { code: 'invalidFrameImageDimensions', message: `The ${which} frame image must be at least 300x300 pixels.`, parameter }
    case 'image-aspect':
      return { code: 'invalidFrameImageDimensions', message: `The aspect of the ${which} frame image must be 1:2.5 to 2.5:1.`, parameter }
  }
}
