import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { isFinished, type Job } from '../jobs/job.ts'
import { createJob } from '../stand-in/acceptance.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { inputSchemaOf, readEachlabsOrder } from './input.ts'
import { type PredictionRecord, predictionOf } from './prediction.ts'
import { badRequest, notFound } from './responses.ts'

export interface PredictionsContext extends StandInBase<'api' | 'media'> {
  records: Map<string, PredictionRecord>
}

/** Create, get and cancel predictions, and describe the model. */
export function addPredictions({ app, on }: Routes, context: PredictionsContext): void {
  const { records, jobs } = context
  for (const path of ['/v1/prediction', '/v1/prediction/']) app.post(path, on('create'), (call) => create(call, context))
  app.get('/v1/model', on('account', { needsKey: false }), (call) => {
    const slug = call.req.query('slug') ?? ''
    const schema = inputSchemaOf(slug)
    if (!schema) return notFound(call, `Model not found: ${slug}`, context.behavior)
    return call.json({ slug, version: '0.0.1', output_type: 'video', request_schema: schema })
  })
  app.get('/v1/prediction/:id', on('status'), (call) => {
    const record = records.get(call.req.param('id'))
    return record ? call.json(predictionOf(record, context)) : notFound(call, 'Prediction not found', context.behavior)
  })
  app.post('/v1/prediction/:id/cancel', on('cancel'), async (call) => {
    const job = records.get(call.req.param('id'))?.job
    if (!job) return notFound(call, 'Prediction not found', context.behavior)
    if (isFinished(job)) return badRequest(call, 'Prediction is already finished', context.behavior)
    // Reported as cancelled even if the job completes and is billed after all.
    await jobs.cancel(job)
    return call.json({ status: 'cancelled', message: 'Prediction canceled successfully', predictionID: job.id })
  })
}

async function create(call: Call, context: PredictionsContext): Promise<Response> {
  const read = readEachlabsOrder(await call.req.json().catch(() => undefined), context.origins.media, context.behavior.unknownFields)
  if ('unknownModel' in read) return notFound(call, `Model not found: ${read.unknownModel}`, context.behavior)
  if ('problem' in read) return badRequest(call, read.problem, context.behavior)
  const { input, webhookSecret } = read
  const onCreated = (job: Job) => void context.records.set(job.id, { job, input, webhookSecret })
  const job = await createJob(call, read.job, context, { onCreated })
  if (job instanceof Response) return job
  // `success` means accepted, not finished.
  return call.json({ status: 'success', message: 'Prediction created successfully', predictionID: job.id })
}
