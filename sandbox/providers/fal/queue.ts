import { streamSSE } from 'hono/streaming'
import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { isFinished, type Job, runSecondsOf } from '../jobs/job.ts'
import { createJob } from '../stand-in/acceptance.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { readFalInput } from './input.ts'
import { notFound, requestErrorOf, respondWithFailure, respondWithProblems } from './responses.ts'

export const falModel = '/fal-ai/kling-video/v2.5-turbo/pro'
/** The path of requests: the model's owner and name, without the rest of its path. */
const requests = '/fal-ai/kling-video/requests'

/** Clients give up a stream after fifteen seconds without an event. */
const heartbeatMs = 5_000

type QueueContext = StandInBase<'queue'>

/** `queue.fal.run`: submit, status, result, cancel. */
export function falQueue(context: QueueContext): Routes {
  const routes = context.routes('queue', { authorization: `Key ${context.apiKey}`, notFound })
  const { app, on } = routes
  app.post(`${falModel}/:operation`, on('create'), (call) => submit(call, context))
  app.get(`${requests}/:id/status`, on('status'), (call) =>
    withJob(call, context, (job) => call.json(statusOf(call, job, context), isFinished(job) ? 200 : 202)),
  )
  app.get(`${requests}/:id/status/stream`, on('stream'), (call) => withJob(call, context, (job) => stream(call, job, context)))
  app.put(`${requests}/:id/cancel`, on('cancel'), async (call) => {
    const job = context.jobs.get(call.req.param('id'))
    if (!job) return call.json({ status: 'NOT_FOUND' }, 404)
    const accepted = await context.jobs.cancel(job)
    return accepted === 'accepted' ? call.json({ status: 'CANCELLATION_REQUESTED' }, 202) : call.json({ status: 'ALREADY_COMPLETED' }, 400)
  })
  for (const path of [`${requests}/:id`, `${requests}/:id/response`]) {
    app.get(path, on('result'), (call) => withJob(call, context, (job) => result(call, job, context)))
  }
  return routes
}

async function submit(call: Call, context: QueueContext): Promise<Response> {
  const job = await createRequest(call, context)
  if (job instanceof Response) return job
  const address = `${context.origins.queue}${requests}/${job.id}`
  return call.json({
    status: 'IN_QUEUE',
    request_id: job.id,
    response_url: address,
    status_url: `${address}/status`,
    cancel_url: `${address}/cancel`,
    logs: null,
    metrics: {},
    queue_position: context.jobs.positionOf(job),
  })
}

/** Creates a request from the call's body, or responds with why it is refused. */
export async function createRequest(call: Call, context: Omit<StandInBase, 'origins' | 'routes'>): Promise<Job | Response> {
  const read = readFalInput(call.req.param('operation'), await call.req.json().catch(() => undefined), context.behavior.unknownFields)
  if (!read) return notFound(call, `Application ${call.req.path} not found`)
  const webhookUrl = call.req.query('fal_webhook')
  if (webhookUrl !== undefined && !URL.canParse(webhookUrl)) {
    return respondWithProblems(call, [{ loc: ['query', 'fal_webhook'], msg: 'Input should be a valid URL', type: 'url_parsing' }])
  }
  if ('problems' in read) return respondWithProblems(call, read.problems)
  const job = await createJob(call, { ...read.order, webhookUrl }, context)
  if (!(job instanceof Response)) call.header('x-fal-request-id', job.id)
  return job
}

function withJob(call: Call, { jobs }: QueueContext, answer: (job: Job) => Response | Promise<Response>): Response | Promise<Response> {
  const job = jobs.get(call.req.param('id') ?? '')
  if (!job) return notFound(call, 'Request not found')
  call.header('x-fal-request-id', job.id)
  return answer(job)
}

function statusOf(call: Call, job: Job, { jobs, origins }: QueueContext): Record<string, unknown> {
  const common = { request_id: job.id, response_url: `${origins.queue}${requests}/${job.id}` }
  // The model runs at a partner of fal, which provides no logs.
  const logs = call.req.query('logs') === '1' ? [] : null
  if (job.state === 'queued') return { status: 'IN_QUEUE', ...common, queue_position: jobs.positionOf(job) }
  if (job.state === 'running') return { status: 'IN_PROGRESS', ...common, logs }
  const seconds = runSecondsOf(job)
  const metrics = seconds === undefined ? {} : { inference_time: seconds }
  const failure = requestErrorOf(job)
  return { status: 'COMPLETED', ...common, logs, metrics, ...(failure && { error: failure.error, error_type: failure.type }) }
}

/** Sends the status at once and after each change, until the job ends. */
function stream(call: Call, job: Job, context: QueueContext): Response {
  const status = () => JSON.stringify(statusOf(call, job, context))
  return streamSSE(call, async (events) => {
    const closed = new AbortController()
    events.onAbort(() => closed.abort())
    for (;;) {
      const data = status()
      await events.writeSSE({ data })
      if (isFinished(job)) return
      if (!(await changeOrHeartbeat(() => status() !== data, context, closed.signal))) return
    }
  })
}

/** Waits until the status has changed or a heartbeat is due; resolves with false when the client has closed the stream. */
async function changeOrHeartbeat(changed: () => boolean, { jobs }: QueueContext, closed: AbortSignal): Promise<boolean> {
  const heartbeat = AbortSignal.timeout(heartbeatMs)
  try {
    while (!changed()) await jobs.nextChange(AbortSignal.any([closed, heartbeat]))
    return true
  } catch {
    return heartbeat.aborted && !closed.aborted
  }
}

function result(call: Call, job: Job, context: QueueContext): Response {
  if (!isFinished(job)) return call.json({ detail: 'Request is still in progress' }, 400)
  // fal may not know the result for a moment after `COMPLETED`.
  if (context.faults.take('result', ['output-gone'])) return notFound(call)
  return respondWithResult(call, job, context)
}

/** The output of a finished request, or why it has none. */
export function respondWithResult(call: Call, job: Job, { invoice, outputs }: Pick<StandInBase, 'invoice' | 'outputs'>): Response {
  // fal sells this model by the second: a unit is a billed second.
  const billed = (invoice.lineOf(job.id)?.amountMicroUsd ?? 0) > 0
  call.header('X-Fal-Billable-Units', String(billed ? job.order.durationSeconds : 0))
  if (job.state !== 'succeeded' || !job.clip) return respondWithFailure(call, job)
  return call.json(resultOf(job.clip, outputs.addressOf(job)))
}

/** The model's output. */
export function resultOf(clip: Uint8Array, url: string): Record<string, unknown> {
  return { video: { url, content_type: 'video/mp4', file_name: 'output.mp4', file_size: clip.length } }
}
