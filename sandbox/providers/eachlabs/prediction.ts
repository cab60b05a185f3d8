import type { Invoice } from '../jobs/invoice.ts'
import { isFinished, type Job, type JobFailure } from '../jobs/job.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import { reasonOf } from './responses.ts'

/** What Eachlabs stores about a prediction in addition to the job. */
export interface PredictionRecord {
  job: Job
  input: Record<string, unknown>
  webhookSecret: string | undefined
}

interface PredictionContext {
  invoice: Invoice
  origins: { api: string }
  outputs: Outputs
  clock: ProviderClock
}

/** How long a running job has the status `starting`. */
const startingMs = 5000

export function predictionOf({ job, input }: PredictionRecord, context: PredictionContext): Record<string, unknown> {
  const { invoice, origins, outputs } = context
  const address = `${origins.api}/v1/prediction/${job.id}`
  const seconds = isFinished(job) && job.startedAt !== undefined ? ((job.finishedAt ?? job.startedAt) - job.startedAt) / 1000 : 0
  return {
    id: job.id,
    input,
    status: statusOf(job, context.clock.now()),
    output: job.state === 'succeeded' ? outputs.addressOf(job) : null,
    logs: null,
    metrics: { predict_time: seconds, cost: (invoice.lineOf(job.id)?.amountMicroUsd ?? 0) / 1_000_000 },
    urls: { cancel: `${address}/cancel`, get: address },
    ...(job.failure && failureOf(job.failure)),
  }
}

const statuses = { queued: 'created', succeeded: 'success', failed: 'error', cancelled: 'cancelled', aborted: 'cancelled' } as const

function statusOf({ state, startedAt }: Job, now: number): string {
  if (state !== 'running') return statuses[state]
  return now - (startedAt ?? now) < startingMs ? 'starting' : 'processing'
}

function failureOf(failure: JobFailure): Record<string, unknown> {
  const { code, message, retryable } = reasonOf(failure)
  return { output: { error: message, error_code: code, error_message: message, retryable } }
}
