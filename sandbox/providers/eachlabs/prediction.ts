import { type Job, type JobFailure, runSecondsOf } from '../jobs/job.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { reasonOf } from './responses.ts'

/** What Eachlabs stores about a prediction in addition to the job. */
export interface PredictionRecord {
  job: Job
  input: Record<string, unknown>
  webhookSecret: string | undefined
}

type PredictionContext = Pick<StandInBase<'api'>, 'invoice' | 'origins' | 'outputs' | 'clock'>

/** How long a running job has the status `starting`. */
const startingMs = 5000

export function predictionOf({ job, input }: PredictionRecord, context: PredictionContext): Record<string, unknown> {
  const { invoice, origins, outputs } = context
  const address = `${origins.api}/v1/prediction/${job.id}`
  return {
    id: job.id,
    input,
    status: statusOf(job, context.clock.now()),
    output: job.state === 'succeeded' ? outputs.addressOf(job) : null,
    logs: null,
    metrics: { predict_time: runSecondsOf(job) ?? 0, cost: (invoice.lineOf(job.id)?.amountMicroUsd ?? 0) / 1_000_000 },
    urls: { cancel: `${address}/cancel`, get: address },
    ...(job.failure && { output: failureOutput(job.failure) }),
  }
}

const statuses = { queued: 'created', succeeded: 'success', failed: 'error', cancelled: 'cancelled', aborted: 'cancelled' } as const

function statusOf({ state, startedAt }: Job, now: number): string {
  if (state !== 'running') return statuses[state]
  return now - (startedAt ?? now) < startingMs ? 'starting' : 'processing'
}

function failureOutput(failure: JobFailure): Record<string, unknown> {
  const { code, message, retryable } = reasonOf(failure)
  return { error: message, error_code: code, error_message: message, retryable }
}
