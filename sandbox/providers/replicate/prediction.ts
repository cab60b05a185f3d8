import { type Job, type JobState, runSecondsOf } from '../jobs/job.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import { errorOf } from './responses.ts'

export const replicateModel = 'kwaivgi/kling-v2.5-turbo-pro'

/** How long a prediction's input and output are kept after its end. */
export const keptMs = 60 * 60 * 1000

/** What Replicate stores about a prediction in addition to the job. */
export interface PredictionRecord {
  job: Job
  /** As it was sent; returned unchanged. */
  input: unknown
  webhookEventsFilter: readonly string[] | undefined
  /** Virtual milliseconds since the epoch, if the customer set one. */
  deadline: number | undefined
}

export interface PredictionContext {
  origins: { api: string }
  outputs: Outputs
}

const statuses = {
  queued: 'starting',
  running: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'canceled',
  aborted: 'aborted',
} as const satisfies Record<JobState, string>

/** The object in every response about a prediction. */
export function predictionOf(record: PredictionRecord, { origins: { api }, outputs }: PredictionContext): Record<string, unknown> {
  const { job, input, webhookEventsFilter, deadline } = record
  const removed = outputs.isGone(job)
  const address = `${api}/v1/predictions/${job.id}`
  const output = job.state === 'succeeded' && !removed ? outputs.addressOf(job) : null
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
  if (job.finishedAt === undefined) return {}
  const seconds = runSecondsOf(job)
  return { ...(seconds !== undefined && { predict_time: seconds }), total_time: (job.finishedAt - job.createdAt) / 1000 }
}

function timestamp(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString()
}
