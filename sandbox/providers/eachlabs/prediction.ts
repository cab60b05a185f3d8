import { type Job, type JobFailure, type JobState, runSecondsOf } from '../jobs/job.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { reasonOf } from './responses.ts'

/** What Eachlabs stores about a prediction in addition to the job. */
export interface PredictionRecord {
  job: Job
  input: Record<string, unknown>
  webhookSecret: string | undefined
}

type PredictionContext = Pick<StandInBase<'api'>, 'invoice' | 'origins' | 'outputs' | 'clock' | 'behavior'>

export function predictionOf(record: PredictionRecord, context: PredictionContext): Record<string, unknown> {
  return context.behavior.eachlabsDocument === 'model-page' ? asOnModelPage(record, context) : asInApiReference(record, context)
}

const pageStatuses = {
  ...({ queued: 'processing', running: 'processing', succeeded: 'success' } as const),
  ...({ failed: 'error', cancelled: 'cancelled', aborted: 'cancelled' } as const),
} as const satisfies Record<JobState, string>

/** Without a cost, and without a state before `processing`. */
function asOnModelPage({ job }: PredictionRecord, { outputs }: PredictionContext): Record<string, unknown> {
  return {
    status: pageStatuses[job.state],
    predictionID: job.id,
    output: job.state === 'succeeded' ? outputs.addressOf(job) : null,
    metrics: { predict_time: runSecondsOf(job) ?? 0 },
    ...(job.failure && { message: 'Prediction failed', details: reasonOf(job.failure).message }),
  }
}

/** How long a running job has the status `starting`. */
const startingMs = 5000

function asInApiReference({ job, input }: PredictionRecord, context: PredictionContext): Record<string, unknown> {
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

function statusOf({ state, startedAt }: Job, now: number): string {
  if (state === 'queued') return 'created'
  if (state !== 'running') return pageStatuses[state]
  return now - (startedAt ?? now) < startingMs ? 'starting' : 'processing'
}

function failureOutput(failure: JobFailure): Record<string, unknown> {
  const { code, message, retryable } = reasonOf(failure)
  return { error: message, error_code: code, error_message: message, retryable }
}
