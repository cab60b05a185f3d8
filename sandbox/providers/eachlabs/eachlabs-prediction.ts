import type { Invoice } from '../invoice.ts'
import { isFinished, type Job } from '../job.ts'
import { reasonOf } from './eachlabs-responses.ts'
import type { EachlabsBehavior } from './eachlabs-behavior.ts'

/** What Eachlabs knows about a prediction beside the job itself. */
export interface PredictionRecord {
  job: Job
  input: Record<string, unknown>
  webhookSecret: string | undefined
  /** Somebody asked for it to be cancelled while it could be: no webhook will come. */
  cancelled: boolean
}

export interface PredictionContext {
  behavior: EachlabsBehavior
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
  const { behavior, invoice, api } = context
  const address = `${api}/v1/prediction/${job.id}`
  const seconds = isFinished(job) && job.startedAt !== undefined ? ((job.finishedAt ?? job.startedAt) - job.startedAt) / 1000 : 0
  return {
    [behavior.idName]: job.id,
    input,
    status: statusOf(job, context),
    output: job.state === 'succeeded' ? outputOf(job, context) : null,
    logs: null,
    metrics: { predict_time: seconds, cost: (invoice.lineOf(job.id)?.amountMicroUsd ?? 0) / 1_000_000 },
    urls: { cancel: `${address}/cancel`, get: address },
    ...(job.failure && failureOf(job, behavior)),
  }
}

/** The finished clip, in the form that the provider's behavior has it. */
export function outputOf(job: Job, { behavior, addressOf }: Pick<PredictionContext, 'behavior' | 'addressOf'>): unknown {
  const url = addressOf(job)
  if (behavior.output === 'array') return [url]
  return behavior.output === 'object' ? { video: { url } } : url
}

function statusOf({ state, startedAt }: Job, { behavior: { waiting, failedWord, cancelledWord }, now }: PredictionContext): string {
  switch (state) {
    case 'queued':
      return waiting === 'told' ? 'created' : 'processing'
    case 'running':
      return waiting === 'told' && now - (startedAt ?? now) < startingMs ? 'starting' : 'processing'
    case 'succeeded':
      return 'success'
    case 'failed':
      return failedWord
    case 'cancelled':
    case 'aborted':
      return cancelledWord
  }
}

function failureOf({ failure = { kind: 'failed' } }: Job, { failureReason }: EachlabsBehavior): Record<string, unknown> {
  const { code, message, retryable } = reasonOf(failure)
  if (failureReason !== 'output') return { [failureReason]: `${code}: ${message}` }
  return { output: { error: message, error_code: code, error_message: message, retryable } }
}
