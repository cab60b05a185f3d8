import type { ClipAspectRatio } from '../clips/clip-order.ts'
import type { JobFate } from './faults.ts'
import type { PictureProblemKind } from './image.ts'

/** What a customer ordered, read out of the host's own wire format. */
export interface JobOrder {
  prompt: string
  negativePrompt?: string | undefined
  durationSeconds: 5 | 10
  aspectRatio?: ClipAspectRatio | undefined
  guidance?: number | undefined
  startPictureUrl?: string | undefined
  endPictureUrl?: string | undefined
  webhookUrl?: string | undefined
  /** Tells apart the clips that were ordered at once, which differ only by their seed. */
  variation?: number | undefined
}

/** `aborted`: its deadline passed before it had started. */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'aborted'

export interface JobFailure {
  kind: 'moderated' | 'failed' | 'timed-out' | PictureProblemKind
  /** The model's own content check refused it, and the host passes the model's words on. */
  byModel?: boolean
  /** Which of the two pictures was to blame. */
  picture?: 'start' | 'end'
}

/** One order at one host. Times are virtual milliseconds since the epoch. */
export interface Job {
  readonly id: string
  readonly order: JobOrder
  readonly createdAt: number
  readonly faults: ReadonlySet<JobFate>
  state: JobState
  startedAt?: number
  finishedAt?: number
  failure?: JobFailure
  clip?: Uint8Array
}

/** What Kling itself says of content that it refuses, whichever host one asks. */
export const riskControlWords = 'Failure to pass the risk control system'

export function isFinished(job: Job): boolean {
  return job.state !== 'queued' && job.state !== 'running'
}
