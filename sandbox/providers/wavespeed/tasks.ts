import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { createJob } from '../stand-in/acceptance.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { readWavespeedInput } from './input.ts'
import { respond, respondWithError } from './responses.ts'
import { type TaskRecord, taskOf } from './task.ts'

const model = 'kwaivgi/kling-v2.5-turbo-pro'

export interface TasksContext extends StandInBase<'api'> {
  records: Map<string, TaskRecord>
}

const Page = z.object({ page: z.int().min(1), page_size: z.int().min(1).max(100) })
const Deletion = z.object({ ids: z.array(z.string()).min(1) })

/** Submit, result, list, delete. There is no cancel. */
export function addTasks({ app, on }: Routes, context: TasksContext): void {
  const { records, jobs } = context
  app.post(`/api/v3/${model}/:operation`, on('create'), (call) => submit(call, context))
  for (const path of ['/api/v3/predictions/:id/result', '/api/v3/predictions/:id']) {
    app.get(path, on('status'), (call) => respondWithTask(call, call.req.param('id') ?? '', context))
  }
  app.post('/api/v3/predictions', on('list'), async (call) => {
    const wanted = Page.safeParse(await call.req.json().catch(() => undefined))
    if (!wanted.success) return respondWithError(call, 400, 'Invalid parameter: page, page_size')
    const { page, page_size: size } = wanted.data
    const newestFirst = [...records.values()].filter(({ deleted }) => !deleted).reverse()
    return respond(call, { page, items: newestFirst.slice((page - 1) * size, page * size).map((record) => taskOf(record, context)) })
  })
  app.post('/api/v3/predictions/delete', on('cancel'), async (call) => {
    const order = Deletion.safeParse(await call.req.json().catch(() => undefined))
    if (!order.success) return respondWithError(call, 400, 'Missing required parameter: ids')
    const deleted = order.data.ids.flatMap((id) => records.get(id) ?? []).filter((record) => !record.deleted)
    for (const record of deleted) {
      record.deleted = true
      // The effect on a running job is undocumented, so it follows the stand-in's behavior for cancel calls.
      await jobs.cancel(record.job)
    }
    return respond(call, { deleted_count: deleted.length })
  })
}

function respondWithTask(call: Call, id: string, context: TasksContext): Response {
  const record = context.records.get(id)
  return record ? respond(call, taskOf(record, context)) : respondWithError(call, 404, 'Prediction not found')
}

async function submit(call: Call, context: TasksContext): Promise<Response> {
  const operation = call.req.param('operation')
  const read = readWavespeedInput(operation, await call.req.json().catch(() => undefined))
  if (!read) return respondWithError(call, 404, 'Model not found')
  const webhookUrl = call.req.query('webhook')
  if (webhookUrl !== undefined && !URL.canParse(webhookUrl)) return respondWithError(call, 400, 'Invalid parameter: webhook')
  if ('problem' in read) return respondWithError(call, 400, read.problem)

  const { order, input, missing, isSync } = read
  const job = await createJob(call, { ...order, webhookUrl }, context, {
    id: randomBytes(16).toString('hex'),
    fails: missing.length > 0,
    onCreated: (job) => context.records.set(job.id, { job, model: `${model}/${operation}`, input, missing, deleted: false }),
  })
  if (job instanceof Response) return job
  if (isSync) await context.jobs.reached('finished', job.id)
  return respondWithTask(call, job.id, context)
}
