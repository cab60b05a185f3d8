import type { Invoice } from '../jobs/invoice.ts'
import { isFinished, type Job } from '../jobs/job.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import type { TaskOutcome } from './response.ts'
import { problemOf } from './problems.ts'

/** One of the clips of a task; each is a job. */
export interface TaskResult {
  job: Job
  videoUUID: string
  seed: number
}

/** What Runware stores about a task in addition to its jobs. */
export interface TaskRecord {
  taskUUID: string
  /** As it was sent. */
  request: unknown
  includeCost: boolean
  checksContent: boolean
  results: TaskResult[]
}

export interface ResultContext {
  invoice: Invoice
  outputs: Outputs
}

/** The outcome of one result, for polls and webhooks. */
export function resultOf({ taskUUID, includeCost, checksContent }: TaskRecord, result: TaskResult, context: ResultContext): TaskOutcome {
  const { job, videoUUID, seed } = result
  const task = { taskType: 'videoInference', taskUUID }
  if (!isFinished(job)) return { kind: 'item', item: { ...task, status: 'processing' } }
  if (job.state !== 'succeeded') {
    return { kind: 'failed', problem: { ...problemOf(job.failure ?? { kind: 'failed' }), ...task } }
  }
  return {
    kind: 'item',
    item: {
      ...task,
      status: 'success',
      videoUUID,
      videoURL: context.outputs.addressOf(job),
      seed,
      ...(includeCost && { cost: (context.invoice.lineOf(job.id)?.amountMicroUsd ?? 0) / 1_000_000 }),
      ...(checksContent && { NSFWContent: job.faults.has('flagged') }),
    },
  }
}
