import { isFinished, type Job, type JobState } from '../jobs/job.ts'
import { errorOf } from './responses.ts'

/** What WaveSpeed knows about a task beside the job itself. */
export interface TaskRecord {
  job: Job
  model: string
  input: unknown
  /** Its customer had it deleted: nothing is left of it but its id. */
  deleted: boolean
}

export interface TaskContext {
  api: string
  addressOf: (job: Job) => string
}

const statuses = {
  queued: 'created',
  running: 'processing',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  aborted: 'cancelled',
} as const satisfies Record<JobState, string>

/** The one object that create, result and webhook tell. */
export function taskOf(record: TaskRecord, { api, addressOf }: TaskContext): Record<string, unknown> {
  const { job, model, deleted } = record
  const failure = job.failure && errorOf(job.failure)
  const url = job.state === 'succeeded' && !deleted ? addressOf(job) : undefined
  const inference = isFinished(job) && job.startedAt !== undefined ? Math.round((job.finishedAt ?? job.startedAt) - job.startedAt) : 0
  return {
    id: job.id,
    model,
    outputs: url === undefined ? [] : [url],
    urls: { get: `${api}/api/v3/predictions/${job.id}/result` },
    has_nsfw_contents: url === undefined ? [] : [job.faults.has('flagged')],
    status: deleted ? 'deleted' : job.failure?.kind === 'timed-out' ? 'timeout' : statuses[job.state],
    created_at: new Date(job.createdAt).toISOString(),
    error: failure?.error ?? '',
    ...(failure && { code: failure.code }),
    timings: { inference },
  }
}
