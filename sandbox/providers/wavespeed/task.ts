import { type Job, type JobState, runSecondsOf } from '../jobs/job.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import { errorOf, errorOfMissing } from './responses.ts'

/** What WaveSpeed stores about a task in addition to the job. */
export interface TaskRecord {
  job: Job
  model: string
  input: unknown
  /** Required fields that the order does not have. */
  missing: readonly string[]
  /** The customer deleted the task; only its status is left. */
  deleted: boolean
}

export interface TaskContext {
  origins: { api: string }
  outputs: Outputs
}

const statuses = {
  queued: 'created',
  running: 'processing',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  aborted: 'cancelled',
} as const satisfies Record<JobState, string>

/** The object in responses and webhooks about a task. */
export function taskOf(record: TaskRecord, { origins, outputs }: TaskContext): Record<string, unknown> {
  const { job, model, deleted, missing } = record
  const failure = job.failure && (missing.length > 0 ? errorOfMissing(missing) : errorOf(job.failure))
  const url = job.state === 'succeeded' && !deleted ? outputs.addressOf(job) : undefined
  const inference = Math.round(1000 * (runSecondsOf(job) ?? 0))
  return {
    id: job.id,
    model,
    outputs: url === undefined ? [] : [url],
    urls: { get: `${origins.api}/api/v3/predictions/${job.id}/result` },
    has_nsfw_contents: url === undefined ? [] : [job.faults.has('flagged')],
    status: deleted ? 'deleted' : job.failure?.kind === 'timed-out' ? 'timeout' : statuses[job.state],
    created_at: new Date(job.createdAt).toISOString(),
    error: failure?.error ?? '',
    ...(failure && { code: failure.code }),
    timings: { inference },
  }
}
