import type { Hono } from 'hono'
import { acceptOrder, decideFate } from '../acceptance.ts'
import type { Call, CallEnvironment, receiveCall } from '../call.ts'
import type { RouteName } from '../faults.ts'
import type { Furniture } from '../stand-in.ts'
import { isFinished, type Job } from '../job.ts'
import { withRetryAfter } from '../throttled.ts'
import { eachlabsAnswers, refuse } from './eachlabs-responses.ts'
import type { EachlabsBehavior } from './eachlabs-behavior.ts'
import { readEachlabsOrder } from './eachlabs-input.ts'
import { type PredictionContext, predictionOf, type PredictionRecord } from './eachlabs-prediction.ts'

export interface EachlabsPredictionsContext extends Furniture<EachlabsBehavior> {
  origins: { media: string }
  records: Map<string, PredictionRecord>
  predictionContext: () => PredictionContext
}

/** Create, get, cancel. */
export function addPredictions(
  app: Hono<CallEnvironment>,
  on: (route: RouteName) => ReturnType<typeof receiveCall>,
  context: EachlabsPredictionsContext,
): void {
  const { records, behavior, predictionContext } = context
  for (const path of ['/v1/prediction', '/v1/prediction/']) app.post(path, on('create'), (call) => create(call, context))
  app.get('/v1/prediction/:id', on('status'), (call) => {
    const record = records.get(call.req.param('id'))
    return record ? call.json(predictionOf(record, predictionContext())) : refuse(call, 404, 'not found', 'Prediction not found', behavior)
  })
  app.post('/v1/prediction/:id/cancel', on('cancel'), async (call) => {
    const record = records.get(call.req.param('id'))
    if (!record) return refuse(call, 404, 'not found', 'Prediction not found', behavior)
    return await cancel(call, record, context)
  })
}

async function create(call: Call, context: EachlabsPredictionsContext): Promise<Response> {
  const { behavior, records } = context
  const read = readEachlabsOrder(await call.req.json().catch(() => undefined), context.origins.media)
  if ('unknownModel' in read) return refuse(call, 404, 'not found', `Model not found: ${read.unknownModel}`, behavior)
  if ('problem' in read) return refuse(call, 400, 'bad request', read.problem, behavior)
  const decided = decideFate(read.job.prompt, context)
  if ('refusal' in decided) return withRetryAfter(eachlabsAnswers(behavior), behavior)[decided.refusal](call)
  const { fate } = decided
  const { input, webhookSecret } = read
  const made = (job: Job) => void records.set(job.id, { job, input, webhookSecret, cancelled: false })
  const job = await acceptOrder(read.job, fate, context, { made })
  if (fate.answerIsLost) call.set('answerIsLost', true)
  // This success means accepted, not finished.
  return call.json({ status: 'success', message: 'Prediction created successfully', predictionID: job.id }, behavior.createStatus)
}

/** As good as it can: whoever makes the clips may run on, and a clip that comes then is told and billed. */
async function cancel(call: Call, record: PredictionRecord, { jobs, behavior }: EachlabsPredictionsContext): Promise<Response> {
  const { job } = record
  if (isFinished(job)) return refuse(call, 400, 'bad request', 'Prediction is already finished', behavior)
  record.cancelled = true
  await jobs.cancel(job)
  return call.json({ status: behavior.cancelAnswer, message: 'Prediction canceled successfully', predictionID: job.id })
}
