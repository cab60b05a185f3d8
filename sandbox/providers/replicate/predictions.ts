import { randomBytes } from 'node:crypto'
import type { Hono } from 'hono'
import { acceptOrder, planOrder } from '../stand-in/acceptance.ts'
import type { Call, CallEnvironment, receiveCall } from '../http/call.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/stand-in.ts'
import type { Job } from '../jobs/job.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { type PredictionRecord, predictionOf, replicateModel } from './prediction.ts'
import { readCancelAfter, readPrefer } from './prediction-headers.ts'
import { readPredictionOrder } from './prediction-order.ts'
import { answerWithInvalidFields, notFound, replicateAnswers } from './responses.ts'

const pageLength = 100

export interface PredictionsContext extends StandInBase {
  origins: { api: string }
  records: Map<string, PredictionRecord>
  /** A new address for a clip that is yet to be made. */
  newOutputUrl: () => string
}

/** Create, get, list and cancel. */
export function addPredictions(
  app: Hono<CallEnvironment>,
  on: (route: RouteName) => ReturnType<typeof receiveCall>,
  context: PredictionsContext,
): void {
  app.post(`/v1/models/${replicateModel}/predictions`, on('create'), (call) => create(call, context, { versionInBody: false }))
  app.post('/v1/predictions', on('create'), (call) => create(call, context, { versionInBody: true }))
  app.get('/v1/predictions', on('list'), (call) => list(call, context))
  app.get('/v1/predictions/:id', on('status'), (call) => {
    const record = context.records.get(call.req.param('id'))
    return record ? call.json(show(record, context)) : notFound(call)
  })
  app.post('/v1/predictions/:id/cancel', on('cancel'), async (call) => {
    const record = context.records.get(call.req.param('id'))
    if (!record) return notFound(call)
    await context.jobs.cancel(record.job)
    return call.json(show(record, context))
  })
}

async function create(call: Call, context: PredictionsContext, { versionInBody }: { versionInBody: boolean }): Promise<Response> {
  const given: unknown = await call.req.json().catch(() => undefined)
  const read = readPredictionOrder(given)
  if ('invalidFields' in read) return answerWithInvalidFields(call, read.invalidFields)
  const { job: order, version, webhookEventsFilter } = read.order
  if (versionInBody && version !== replicateModel) {
    return call.json({ title: 'Invalid version or not permitted', detail: 'The specified version does not exist.', status: 422 }, 422)
  }
  const cancelAfterMs = readCancelAfter(call.req.header('cancel-after'))
  if (cancelAfterMs === 'invalid') {
    return call.json({ title: 'Invalid header', detail: 'Cancel-After must be a duration of at least 5s.', status: 400 }, 400)
  }

  const planned = planOrder(order.prompt, context)
  if ('refusal' in planned) return withRetryAfter(replicateAnswers, context.behavior)[planned.refusal](call)
  const { plan } = planned
  const made = (job: Job) => {
    const deadline = cancelAfterMs === undefined ? undefined : job.createdAt + cancelAfterMs
    const { input } = given as { input: unknown }
    context.records.set(job.id, { job, input, webhookEventsFilter, deadline, outputUrl: context.newOutputUrl() })
  }
  const job = await acceptOrder(order, plan, context, { id: randomBytes(13).toString('hex'), deadlineMs: cancelAfterMs, made })
  const record = context.records.get(job.id)
  if (!record) throw new Error('a job has its record from the moment it is made')
  if (plan.answerIsLost) call.set('answerIsLost', true)
  const waitSeconds = readPrefer(call.req.header('prefer'))
  if (waitSeconds !== undefined) await finishedOrLate(record, waitSeconds, context)
  return call.json(show(record, context), 201)
}

/** Keeps the call open until the prediction is finished or the virtual time is over. */
async function finishedOrLate({ job }: PredictionRecord, seconds: number, { jobs, clock }: PredictionsContext): Promise<void> {
  const answered = new AbortController()
  const late = clock.sleep(1000 * seconds, answered.signal)
  const finished = jobs.reached('finished', job.id, answered.signal)
  await Promise.race([late, finished])
  answered.abort()
  await Promise.allSettled([late, finished])
}

/** The newest first, a page at a time. */
function list(call: Call, context: PredictionsContext): Response {
  const start = Number(call.req.query('cursor') ?? 0)
  if (!Number.isSafeInteger(start) || start < 0) return notFound(call)
  const all = [...context.records.values()].reverse()
  const pageAt = (position: number) => `${context.origins.api}/v1/predictions?cursor=${position}`
  return call.json({
    previous: start > 0 ? pageAt(Math.max(0, start - pageLength)) : null,
    next: start + pageLength < all.length ? pageAt(start + pageLength) : null,
    results: all.slice(start, start + pageLength).map((record) => show(record, context)),
  })
}

function show(record: PredictionRecord, { origins, clock }: PredictionsContext): Record<string, unknown> {
  return predictionOf(record, { api: origins.api, now: clock.now() })
}
