import type { ClipAspectRatio } from '../../clips/clip-order.ts'
import type { PlannedFault } from '../simulation/faults.ts'
import type { ImageProblemKind } from './image.ts'

/** What a customer ordered, read out of the provider's own wire format. */
export interface JobOrder {
  prompt: string
  negativePrompt?: string | undefined
  durationSeconds: 5 | 10
  aspectRatio?: ClipAspectRatio | undefined
  guidance?: number | undefined
  firstImageUrl?: string | undefined
  lastImageUrl?: string | undefined
  webhookUrl?: string | undefined
  /** Tells apart the clips that were ordered at once, which differ only by their seed. */
  variation?: number | undefined
}

/** `aborted`: its deadline passed before it had started. */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'aborted'

export interface JobFailure {
  kind: 'moderated' | 'failed' | 'timed-out' | ImageProblemKind
  /** Which of the two images was to blame. */
  image?: 'start' | 'end'
}

/** One order at one provider. Times are virtual milliseconds since the epoch. */
export interface Job {
  readonly id: string
  readonly order: JobOrder
  readonly createdAt: number
  readonly faults: ReadonlySet<PlannedFault>
  state: JobState
  startedAt?: number
  finishedAt?: number
  failure?: JobFailure
  clip?: Uint8Array
}

export function isFinished(job: Job): boolean {
  return job.state !== 'queued' && job.state !== 'running'
}
