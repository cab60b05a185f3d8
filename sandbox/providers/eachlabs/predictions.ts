import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { isFinished, type Job } from '../jobs/job.ts'
import { createJob } from '../stand-in/acceptance.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { readEachlabsOrder } from './input.ts'
import { type PredictionRecord, predictionOf } from './prediction.ts'
import { respondWithError } from './responses.ts'

export interface PredictionsContext extends StandInBase<'api' | 'media'> {
  records: Map<string, PredictionRecord>
}

/** Create, get, cancel. */
export function addPredictions({ app, on }: Routes, context: PredictionsContext): void {
  const { records, jobs } = context
  for (const path of ['/v1/prediction', '/v1/prediction/']) app.post(path, on('create'), (call) => create(call, context))
  app.get('/v1/prediction/:id', on('status'), (call) => {
    const record = records.get(call.req.param('id'))
    return record ? call.json(predictionOf(record, context)) : predictionNotFound(call)
  })
  app.post('/v1/prediction/:id/cancel', on('cancel'), async (call) => {
    const job = records.get(call.req.param('id'))?.job
    if (!job) return predictionNotFound(call)
    if (isFinished(job)) return respondWithError(call, 400, 'bad request', 'Prediction is already finished')
    // Reported as cancelled even if the job completes and is billed after all.
    await jobs.cancel(job)
    return call.json({ status: 'cancelled', message: 'Prediction canceled successfully', predictionID: job.id })
  })
}

function predictionNotFound(call: Call): Response {
  return respondWithError(call, 404, 'not found', 'Prediction not found')
}

async function create(call: Call, context: PredictionsContext): Promise<Response> {
  const read = readEachlabsOrder(await call.req.json().catch(() => undefined), context.origins.media)
  if ('unknownModel' in read) return respondWithError(call, 404, 'not found', `Model not found: ${read.unknownModel}`)
  if ('problem' in read) return respondWithError(call, 400, 'bad request', read.problem)
  const { input, webhookSecret } = read
  const onCreated = (job: Job) => void context.records.set(job.id, { job, input, webhookSecret })
  const job = await createJob(call, read.job, context, { onCreated })
  if (job instanceof Response) return job
  // `success` means accepted, not finished.
  return call.json({ status: 'success', message: 'Prediction created successfully', predictionID: job.id })
}
