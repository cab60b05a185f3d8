import { randomBytes } from 'node:crypto'
import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import type { Job } from '../jobs/job.ts'
import { createJob } from '../stand-in/acceptance.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { readCancelAfter, readPrefer } from './prediction-headers.ts'
import { readPredictionOrder } from './prediction-order.ts'
import { type PredictionRecord, predictionOf, replicateModel } from './prediction.ts'
import { notFound, respondWithError, respondWithInvalidFields } from './responses.ts'

const pageLength = 100

export interface PredictionsContext extends StandInBase<'api'> {
  records: Map<string, PredictionRecord>
}

/** Create, get, list and cancel. */
export function addPredictions({ app, on }: Routes, context: PredictionsContext): void {
  const { records, jobs } = context
  app.post(`/v1/models/${replicateModel}/predictions`, on('create'), (call) => create(call, context, { versionInBody: false }))
  app.post('/v1/predictions', on('create'), (call) => create(call, context, { versionInBody: true }))
  app.get('/v1/predictions', on('list'), (call) => list(call, context))
  app.get('/v1/predictions/:id', on('status'), (call) => {
    const record = records.get(call.req.param('id'))
    return record ? call.json(predictionOf(record, context)) : notFound(call)
  })
  app.post('/v1/predictions/:id/cancel', on('cancel'), async (call) => {
    const record = records.get(call.req.param('id'))
    if (!record) return notFound(call)
    await jobs.cancel(record.job)
    return call.json(predictionOf(record, context))
  })
}

async function create(call: Call, context: PredictionsContext, { versionInBody }: { versionInBody: boolean }): Promise<Response> {
  const given: unknown = await call.req.json().catch(() => undefined)
  const read = readPredictionOrder(given)
  if ('invalidFields' in read) return respondWithInvalidFields(call, read.invalidFields)
  const { job: order, version, webhookEventsFilter } = read.order
  if (versionInBody && version !== replicateModel) {
    return respondWithError(call, 422, 'Invalid version or not permitted', 'The specified version does not exist.')
  }
  const cancelAfterMs = readCancelAfter(call.req.header('cancel-after'))
  if (cancelAfterMs === 'invalid') {
    return respondWithError(call, 400, 'Invalid header', 'Cancel-After must be a duration of at least 5s.')
  }

  const job = await createJob(call, order, context, {
    id: randomBytes(13).toString('hex'),
    deadlineMs: cancelAfterMs,
    onCreated: (job) => {
      const deadline = cancelAfterMs === undefined ? undefined : job.createdAt + cancelAfterMs
      const { input } = given as { input: unknown }
      context.records.set(job.id, { job, input, webhookEventsFilter, deadline })
    },
  })
  if (job instanceof Response) return job
  const waitSeconds = readPrefer(call.req.header('prefer'))
  if (waitSeconds !== undefined) await finishedOrTimedOut(job, waitSeconds, context)
  const record = context.records.get(job.id)
  if (!record) throw new Error('every prediction has a record')
  return call.json(predictionOf(record, context), 201)
}

/** Resolves when the job has ended or the virtual seconds have passed. */
async function finishedOrTimedOut(job: Job, seconds: number, { jobs, clock }: PredictionsContext): Promise<void> {
  const over = new AbortController()
  const timedOut = clock.sleep(1000 * seconds, over.signal)
  const finished = jobs.reached('finished', job.id, over.signal)
  await Promise.race([timedOut, finished])
  over.abort()
  await Promise.allSettled([timedOut, finished])
}

/** One page, newest first. */
function list(call: Call, context: PredictionsContext): Response {
  const start = Number(call.req.query('cursor') ?? 0)
  if (!Number.isSafeInteger(start) || start < 0) return notFound(call)
  const all = [...context.records.values()].reverse()
  const pageAt = (position: number) => `${context.origins.api}/v1/predictions?cursor=${position}`
  return call.json({
    previous: start > 0 ? pageAt(Math.max(0, start - pageLength)) : null,
    next: start + pageLength < all.length ? pageAt(start + pageLength) : null,
    results: all.slice(start, start + pageLength).map((record) => predictionOf(record, context)),
  })
}
