import { randomBytes } from 'node:crypto'
import type { Hono } from 'hono'
import { acceptOrder, decideFate } from '../acceptance.ts'
import type { Call, CallEnvironment, receiveCall } from '../call.ts'
import type { RouteName } from '../faults.ts'
import type { Furniture } from '../stand-in.ts'
import type { Job } from '../job.ts'
import { withRetryAfter } from '../throttled.ts'
import { type PredictionRecord, predictionOf, replicateModel } from './prediction.ts'
import { readCancelAfter, readPrefer } from './prediction-headers.ts'
import { readPredictionOrder } from './prediction-order.ts'
import { answerWithInvalidFields, notFound, replicateAnswers } from './replicate-responses.ts'
import type { ReplicateConduct } from './replicate-behavior.ts'

const pageLength = 100

export interface PredictionsParts extends Furniture<ReplicateConduct> {
  origins: { api: string }
  records: Map<string, PredictionRecord>
  /** A new address for a clip that is yet to be made. */
  newOutputUrl: () => string
}

/** Create, get, list and cancel. */
export function addPredictions(
  app: Hono<CallEnvironment>,
  on: (route: RouteName) => ReturnType<typeof receiveCall>,
  parts: PredictionsParts,
): void {
  app.post(`/v1/models/${replicateModel}/predictions`, on('create'), (call) => create(call, parts, { versionInBody: false }))
  app.post('/v1/predictions', on('create'), (call) => create(call, parts, { versionInBody: true }))
  app.get('/v1/predictions', on('list'), (call) => list(call, parts))
  app.get('/v1/predictions/:id', on('status'), (call) => {
    const record = parts.records.get(call.req.param('id'))
    return record ? call.json(show(record, parts)) : notFound(call)
  })
  app.post('/v1/predictions/:id/cancel', on('cancel'), async (call) => {
    const record = parts.records.get(call.req.param('id'))
    if (!record) return notFound(call)
    await parts.jobs.cancel(record.job)
    return call.json(show(record, parts))
  })
}

async function create(call: Call, parts: PredictionsParts, { versionInBody }: { versionInBody: boolean }): Promise<Response> {
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

  if (order.endPictureUrl !== undefined && !parts.conduct.knowsEndImage) {
    const description = 'Additional property end_image is not allowed'
    return answerWithInvalidFields(call, [{ type: 'additional_property_not_allowed', field: 'input', description }])
  }
  const decided = decideFate(order.prompt, parts)
  if ('refusal' in decided) return withRetryAfter(replicateAnswers(parts.conduct), parts.conduct)[decided.refusal](call)
  const { fate } = decided
  const made = (job: Job) => {
    const deadline = cancelAfterMs === undefined ? undefined : job.createdAt + cancelAfterMs
    const { input } = given as { input: unknown }
    parts.records.set(job.id, { job, input, webhookEventsFilter, deadline, outputUrl: parts.newOutputUrl() })
  }
  const job = await acceptOrder(order, fate, parts, { id: randomBytes(13).toString('hex'), deadlineMs: cancelAfterMs, made })
  const record = parts.records.get(job.id)
  if (!record) throw new Error('a job has its record from the moment it is made')
  if (fate.answerIsLost) call.set('answerIsLost', true)
  const waitSeconds = readPrefer(call.req.header('prefer'))
  if (waitSeconds !== undefined) await finishedOrLate(record, waitSeconds, parts)
  return call.json(show(record, parts), parts.conduct.createStatus)
}

/** Keeps the call open until the prediction is finished or the virtual time is over. */
async function finishedOrLate({ job }: PredictionRecord, seconds: number, { jobs, clock }: PredictionsParts): Promise<void> {
  const answered = new AbortController()
  const late = clock.sleep(1000 * seconds, answered.signal)
  const finished = jobs.reached('finished', job.id, answered.signal)
  await Promise.race([late, finished])
  answered.abort()
  await Promise.allSettled([late, finished])
}

/** The newest first, a page at a time. */
function list(call: Call, parts: PredictionsParts): Response {
  const start = Number(call.req.query('cursor') ?? 0)
  if (!Number.isSafeInteger(start) || start < 0) return notFound(call)
  const all = [...parts.records.values()].reverse()
  const pageAt = (position: number) => `${parts.origins.api}/v1/predictions?cursor=${position}`
  return call.json({
    previous: start > 0 ? pageAt(Math.max(0, start - pageLength)) : null,
    next: start + pageLength < all.length ? pageAt(start + pageLength) : null,
    results: all.slice(start, start + pageLength).map((record) => show(record, parts)),
  })
}

function show(record: PredictionRecord, { origins, clock }: PredictionsParts): Record<string, unknown> {
  return predictionOf(record, { api: origins.api, now: clock.now() })
}
