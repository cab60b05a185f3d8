import type { Invoice } from '../jobs/invoice.ts'
import { isFinished, type Job } from '../jobs/job.ts'
import { reasonOf } from './responses.ts'

/** What Eachlabs knows about a prediction beside the job itself. */
export interface PredictionRecord {
  job: Job
  input: Record<string, unknown>
  webhookSecret: string | undefined
  /** Somebody asked for it to be cancelled while it could be: no webhook will come. */
  cancelled: boolean
}

export interface PredictionContext {
  invoice: Invoice
  api: string
  addressOf: (job: Job) => string
  /** Virtual milliseconds since the epoch. */
  now: number
}

/** How long a job is said to be starting before it is said to be processed. */
const startingMs = 5000

/** What a prediction is told with when it is asked for. */
export function predictionOf({ job, input }: PredictionRecord, context: PredictionContext): Record<string, unknown> {
  const { invoice, api } = context
  const address = `${api}/v1/prediction/${job.id}`
  const seconds = isFinished(job) && job.startedAt !== undefined ? ((job.finishedAt ?? job.startedAt) - job.startedAt) / 1000 : 0
  return {
    id: job.id,
    input,
    status: statusOf(job, context),
    output: job.state === 'succeeded' ? context.addressOf(job) : null,
    logs: null,
    metrics: { predict_time: seconds, cost: (invoice.lineOf(job.id)?.amountMicroUsd ?? 0) / 1_000_000 },
    urls: { cancel: `${address}/cancel`, get: address },
    ...(job.failure && failureOf(job)),
  }
}

function statusOf({ state, startedAt }: Job, { now }: PredictionContext): string {
  switch (state) {
    case 'queued':
      return 'created'
    case 'running':
      return now - (startedAt ?? now) < startingMs ? 'starting' : 'processing'
    case 'succeeded':
      return 'success'
    case 'failed':
      return 'error'
    case 'cancelled':
    case 'aborted':
      return 'cancelled'
  }
}

function failureOf({ failure = { kind: 'failed' } }: Job): Record<string, unknown> {
  const { code, message, retryable } = reasonOf(failure)
  return { output: { error: message, error_code: code, error_message: message, retryable } }
}
