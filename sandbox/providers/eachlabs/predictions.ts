import type { Hono } from 'hono'
import { acceptOrder, planOrder } from '../stand-in/acceptance.ts'
import type { Call, CallEnvironment, receiveCall } from '../http/call.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/stand-in.ts'
import { isFinished, type Job } from '../jobs/job.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { eachlabsAnswers, refuse } from './responses.ts'
import { readEachlabsOrder } from './input.ts'
import { type PredictionContext, predictionOf, type PredictionRecord } from './prediction.ts'

export interface EachlabsPredictionsContext extends StandInBase {
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
  const { records, predictionContext } = context
  for (const path of ['/v1/prediction', '/v1/prediction/']) app.post(path, on('create'), (call) => create(call, context))
  app.get('/v1/prediction/:id', on('status'), (call) => {
    const record = records.get(call.req.param('id'))
    return record ? call.json(predictionOf(record, predictionContext())) : refuse(call, 404, 'not found', 'Prediction not found')
  })
  app.post('/v1/prediction/:id/cancel', on('cancel'), async (call) => {
    const record = records.get(call.req.param('id'))
    if (!record) return refuse(call, 404, 'not found', 'Prediction not found')
    return await cancel(call, record, context)
  })
}

async function create(call: Call, context: EachlabsPredictionsContext): Promise<Response> {
  const { records } = context
  const read = readEachlabsOrder(await call.req.json().catch(() => undefined), context.origins.media)
  if ('unknownModel' in read) return refuse(call, 404, 'not found', `Model not found: ${read.unknownModel}`)
  if ('problem' in read) return refuse(call, 400, 'bad request', read.problem)
  const planned = planOrder(read.job.prompt, context)
  if ('refusal' in planned) return withRetryAfter(eachlabsAnswers, context.behavior)[planned.refusal](call)
  const { plan } = planned
  const { input, webhookSecret } = read
  const made = (job: Job) => void records.set(job.id, { job, input, webhookSecret, cancelled: false })
  const job = await acceptOrder(read.job, plan, context, { made })
  if (plan.answerIsLost) call.set('answerIsLost', true)
  // This success means accepted, not finished.
  return call.json({ status: 'success', message: 'Prediction created successfully', predictionID: job.id })
}

/** As good as it can: whoever makes the clips may run on, and a clip that comes then is told and billed. */
async function cancel(call: Call, record: PredictionRecord, { jobs }: EachlabsPredictionsContext): Promise<Response> {
  const { job } = record
  if (isFinished(job)) return refuse(call, 400, 'bad request', 'Prediction is already finished')
  record.cancelled = true
  await jobs.cancel(job)
  return call.json({ status: 'cancelled', message: 'Prediction canceled successfully', predictionID: job.id })
}
