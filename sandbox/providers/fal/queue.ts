import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { acceptOrder, planOrder } from '../stand-in/acceptance.ts'
import { type Call, type CallEnvironment, type CallContext, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/stand-in.ts'
import { isFinished, type Job } from '../jobs/job.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { answerWithFailure, answerWithProblems, falAnswers, notFound, requestErrorOf } from './responses.ts'
import { isFalOperation, readFalInput } from './input.ts'

const model = '/fal-ai/kling-video/v2.5-turbo/pro'
/** Where a request is asked for: the model's owner and name, without the rest of its path. */
const requests = '/fal-ai/kling-video/requests'

/** A client that hears nothing for fifteen seconds gives the stream up. */
const heartbeatMs = 5_000

type QueueContext = StandInBase & {
  origins: { queue: string }
  authorization: string
  /** Where the finished clip can be fetched. */
  addressOf: (job: Job) => string
}

/** `queue.fal.run`: submit, status, result, cancel. */
export function falQueue(context: QueueContext): Hono<CallEnvironment> {
  const app = new Hono<CallEnvironment>()
  const callContext: CallContext = { origin: 'queue', ...context, answers: withRetryAfter(falAnswers, context.behavior) }
  const on = (route: RouteName) => receiveCall(route, callContext)
  addControl(app, context)

  app.post(`${model}/:operation`, on('create'), (call) => submit(call, context))
  app.get(`${requests}/:id/status`, on('status'), (call) => withJob(call, context, (job) => status(call, job, context)))
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
  app.notFound(unknownCall(callContext, notFound) as Parameters<typeof app.notFound>[0])
  return app
}

async function submit(call: Call, context: QueueContext): Promise<Response> {
  const operation = call.req.param('operation')
  if (!isFalOperation(operation)) return notFound(call, `Application ${call.req.path} not found`)
  const webhookUrl = call.req.query('fal_webhook')
  if (webhookUrl !== undefined && !URL.canParse(webhookUrl)) {
    return answerWithProblems(call, [{ loc: ['query', 'fal_webhook'], msg: 'Input should be a valid URL', type: 'url_parsing' }])
  }
  const read = readFalInput(operation, await call.req.json().catch(() => undefined))
  if ('problems' in read) return answerWithProblems(call, read.problems)

  const planned = planOrder(read.order.prompt, context)
  if ('refusal' in planned) return withRetryAfter(falAnswers, context.behavior)[planned.refusal](call)
  const { plan } = planned
  const job = await acceptOrder({ ...read.order, webhookUrl }, plan, context)
  if (plan.answerIsLost) call.set('answerIsLost', true)
  call.header('x-fal-request-id', job.id)
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

function withJob(call: Call, { jobs }: QueueContext, answer: (job: Job) => Response | Promise<Response>): Response | Promise<Response> {
  const job = jobs.get(call.req.param('id') ?? '')
  if (!job) return notFound(call, 'Request not found')
  call.header('x-fal-request-id', job.id)
  return answer(job)
}

function status(call: Call, job: Job, context: QueueContext): Response {
  return call.json(statusOf(job, call.req.query('logs') === '1', context), isFinished(job) ? 200 : 202)
}

function statusOf(job: Job, withLogs: boolean, { jobs, origins }: QueueContext): Record<string, unknown> {
  const common = { request_id: job.id, response_url: `${origins.queue}${requests}/${job.id}` }
  // The model runs at a partner of fal, which gives no logs: asked for, the list is empty.
  const logs = withLogs ? [] : null
  if (job.state === 'queued') return { status: 'IN_QUEUE', ...common, queue_position: jobs.positionOf(job) }
  if (job.state === 'running') return { status: 'IN_PROGRESS', ...common, logs }
  const seconds = job.startedAt === undefined ? undefined : ((job.finishedAt ?? job.startedAt) - job.startedAt) / 1000
  const metrics = seconds === undefined ? {} : { inference_time: seconds }
  const wrong = requestErrorOf(job)
  return { status: 'COMPLETED', ...common, logs, metrics, ...(wrong && { error: wrong.error, error_type: wrong.type }) }
}

/** One event for each change, the first at once; ends with the job. */
function stream(call: Call, job: Job, context: QueueContext): Response {
  return streamSSE(call, async (events) => {
    const gone = new AbortController()
    events.onAbort(() => gone.abort())
    let sent = ''
    for (;;) {
      const data = JSON.stringify(statusOf(job, call.req.query('logs') === '1', context))
      await events.writeSSE({ data })
      sent = data
      if (isFinished(job)) return
      const changed = () => JSON.stringify(statusOf(job, call.req.query('logs') === '1', context)) !== sent
      if (!(await nextNews(changed, context, gone.signal))) return
    }
  })
}

/** Resolves with true when there is something to tell (or nothing was told for long), with false when nobody listens any more. */
async function nextNews(changed: () => boolean, { jobs }: QueueContext, gone: AbortSignal): Promise<boolean> {
  const heartbeat = AbortSignal.timeout(heartbeatMs)
  try {
    while (!changed()) await jobs.nextChange(AbortSignal.any([gone, heartbeat]))
    return true
  } catch {
    return heartbeat.aborted && !gone.aborted
  }
}

function result(call: Call, job: Job, { invoice, addressOf }: QueueContext): Response {
  if (!isFinished(job)) return call.json({ detail: 'Request is still in progress' }, 400)
  // fal sells this model by the second: a unit is one, and what was not billed are none.
  const billed = (invoice.lineOf(job.id)?.amountMicroUsd ?? 0) > 0
  call.header('X-Fal-Billable-Units', String(billed ? job.order.durationSeconds : 0))
  if (job.state !== 'succeeded' || !job.clip) return answerWithFailure(call, job)
  return call.json(resultOf(job.clip, addressOf(job)))
}

/** The model's output. */
export function resultOf(clip: Uint8Array, url: string): Record<string, unknown> {
  return { video: { url, content_type: 'video/mp4', file_name: 'output.mp4', file_size: clip.length } }
}
