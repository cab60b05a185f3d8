import { type Job, isFinished, type JobState } from '../jobs/job.ts'
import { errorOf } from './responses.ts'

export const replicateModel = 'kwaivgi/kling-v2.5-turbo-pro'

/** How long after its end a prediction's input, output and files are kept. */
export const keptMs = 60 * 60 * 1000

/** What Replicate knows about a prediction beside the job itself. */
export interface PredictionRecord {
  job: Job
  /** As it was sent, which is how it comes back. */
  input: unknown
  webhookEventsFilter: readonly string[] | undefined
  /** Virtual milliseconds since the epoch, where the creator set one. */
  deadline: number | undefined
  /** Where the finished clip can be fetched. */
  outputUrl: string
}

const statuses = {
  queued: 'starting',
  running: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'canceled',
  aborted: 'aborted',
} as const satisfies Record<JobState, string>

export function isRemoved({ job }: PredictionRecord, now: number): boolean {
  return job.finishedAt !== undefined && (now - job.finishedAt >= keptMs || job.faults.has('output-gone'))
}

/** The one object that create, get, list and cancel all answer with. */
export function predictionOf(record: PredictionRecord, { api, now }: { api: string; now: number }): Record<string, unknown> {
  const { job, input, webhookEventsFilter, deadline, outputUrl } = record
  const removed = isRemoved(record, now)
  const address = `${api}/v1/predictions/${job.id}`
  const output = job.state === 'succeeded' && !removed ? outputUrl : null
  return {
    id: job.id,
    model: replicateModel,
    version: 'hidden',
    input: removed ? {} : input,
    logs: '',
    output,
    error: job.failure ? errorOf(job.failure) : null,
    data_removed: removed,
    source: 'api',
    status: statuses[job.state],
    created_at: timestamp(job.createdAt),
    started_at: timestamp(job.startedAt),
    completed_at: timestamp(job.finishedAt),
    metrics: metricsOf(job),
    urls: { get: address, cancel: `${address}/cancel`, web: `${api}/p/${job.id}` },
    ...(deadline !== undefined && { deadline: timestamp(deadline) }),
    ...(job.order.webhookUrl !== undefined && { webhook: job.order.webhookUrl }),
    ...(webhookEventsFilter && { webhook_events_filter: webhookEventsFilter }),
  }
}

function metricsOf(job: Job): Record<string, number> {
  if (!isFinished(job) || job.finishedAt === undefined) return {}
  const total = { total_time: (job.finishedAt - job.createdAt) / 1000 }
  return job.startedAt === undefined ? total : { predict_time: (job.finishedAt - job.startedAt) / 1000, ...total }
}

function timestamp(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString()
}
