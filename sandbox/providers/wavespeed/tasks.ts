import { randomBytes } from 'node:crypto'
import type { Hono } from 'hono'
import { z } from 'zod'
import { acceptOrder, planOrder } from '../stand-in/acceptance.ts'
import type { Call, CallEnvironment, receiveCall } from '../http/call.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/stand-in.ts'
import type { Job } from '../jobs/job.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { type TaskContext, type TaskRecord, taskOf } from './task.ts'
import { answerWith, refuse, wavespeedAnswers } from './responses.ts'
import { isWavespeedOperation, readWavespeedInput } from './input.ts'

const model = 'kwaivgi/kling-v2.5-turbo-pro'

export interface WavespeedTasksContext extends StandInBase {
  origins: { api: string }
  records: Map<string, TaskRecord>
  taskContext: () => TaskContext
}

const Deletion = z.object({ ids: z.array(z.string()).min(1) })

/** Submit, result, delete. There is no cancel. */
export function addTasks(
  app: Hono<CallEnvironment>,
  on: (route: RouteName) => ReturnType<typeof receiveCall>,
  context: WavespeedTasksContext,
): void {
  app.post(`/api/v3/${model}/:operation`, on('create'), (call) => submit(call, context))
  for (const path of ['/api/v3/predictions/:id/result', '/api/v3/predictions/:id']) {
    app.get(path, on('status'), (call) => {
      const record = context.records.get(call.req.param('id') ?? '')
      return record ? answerWith(call, taskOf(record, context.taskContext())) : refuse(call, 404, 'Prediction not found')
    })
  }
  app.post('/api/v3/predictions/delete', on('cancel'), async (call) => {
    const order = Deletion.safeParse(await call.req.json().catch(() => undefined))
    if (!order.success) return refuse(call, 400, 'Missing required parameter: ids')
    const records = order.data.ids.flatMap((id) => context.records.get(id) ?? []).filter(({ deleted }) => !deleted)
    for (const record of records) await remove(record, context)
    return answerWith(call, { deleted_count: records.length })
  })
}

async function submit(call: Call, context: WavespeedTasksContext): Promise<Response> {
  const operation = call.req.param('operation')
  if (!isWavespeedOperation(operation)) return refuse(call, 404, 'Model not found')
  const webhookUrl = call.req.query('webhook')
  if (webhookUrl !== undefined && !URL.canParse(webhookUrl)) return refuse(call, 400, 'Invalid parameter: webhook')
  const read = readWavespeedInput(operation, await call.req.json().catch(() => undefined))
  if ('problem' in read) return refuse(call, 400, read.problem)

  const planned = planOrder(read.order.prompt, context)
  if ('refusal' in planned) return withRetryAfter(wavespeedAnswers, context.behavior)[planned.refusal](call)
  const { plan } = planned
  const made = (job: Job) => {
    context.records.set(job.id, { job, model: `${model}/${operation}`, input: read.input, deleted: false })
  }
  const job = await acceptOrder({ ...read.order, webhookUrl }, plan, context, { id: randomBytes(16).toString('hex'), made })
  if (plan.answerIsLost) call.set('answerIsLost', true)
  const record = context.records.get(job.id)
  return record ? answerWith(call, taskOf(record, context.taskContext())) : refuse(call, 404, 'Prediction not found')
}

/** The record goes at once; what becomes of a task that still runs is as open as what a cancel does elsewhere. */
async function remove(record: TaskRecord, { jobs }: WavespeedTasksContext): Promise<void> {
  record.deleted = true
  await jobs.cancel(record.job)
}
