import type { ClipAspectRatio, ClipFormat } from '../../clips/clip-order.ts'
import type { PlannedFault } from '../simulation/faults.ts'
import type { ImageProblem } from './image.ts'

/** A customer's order, independent of the provider's wire format. */
export interface JobOrder {
  prompt: string
  negativePrompt?: string | undefined
  durationSeconds: 5 | 10
  aspectRatio?: ClipAspectRatio | undefined
  guidance?: number | undefined
  firstImageUrl?: string | undefined
  lastImageUrl?: string | undefined
  webhookUrl?: string | undefined
  /** MP4 unless given. */
  format?: ClipFormat | undefined
  /** The provider checks the clip's content, at a price. */
  checksContent?: boolean | undefined
  /** Distinguishes clips of one order, which would differ only in their seed. */
  variation?: number | undefined
}

/** `aborted`: its deadline passed before it started. */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'aborted'

export interface JobFailure {
  kind: 'moderated' | 'failed' | 'timed-out' | ImageProblem
  /** The image that caused the failure. */
  image?: 'start' | 'end'
}

/** Times are virtual milliseconds since the epoch. */
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

/** How long the job ran, in virtual seconds; undefined if it has not ended or never started. */
export function runSecondsOf({ startedAt, finishedAt }: Job): number | undefined {
  return startedAt === undefined || finishedAt === undefined ? undefined : (finishedAt - startedAt) / 1000
}
