import { Hono } from 'hono'
import { z } from 'zod'
import { type CallEnvironment, type CallContext, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/stand-in.ts'
import { answerWithFile, type ServedFiles, unguessable } from '../http/served-files.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { answerWithProblems, falAnswers, notFound } from './responses.ts'
import type { FalKeys } from './webhook.ts'

type StorageContext = StandInBase & { origins: { media: string } }

/** What larger files are sent in pieces for. */
const uploadBytes = 100 * 1024 * 1024

const UploadOrder = z.object({ content_type: z.string().min(1), file_name: z.string().min(1).max(255) })

/** The uploads that were pending and not yet used: where each will be served. */
export type PendingUploads = Map<string, string>

/** `rest.fal.ai`: hands out addresses to upload to, and the keys that webhooks are signed with. */
export function falRest(
  context: StorageContext & { authorization: string; keys: FalKeys },
  pending: PendingUploads,
): Hono<CallEnvironment> {
  const app = new Hono<CallEnvironment>()
  const callContext: CallContext = { origin: 'rest', ...context, answers: withRetryAfter(falAnswers, context.behavior) }
  addControl(app, context)
  app.get('/.well-known/jwks.json', receiveCall('secret', { ...callContext, authorization: undefined }), (call) =>
    call.json(context.keys.published()),
  )
  app.post('/storage/upload/initiate', receiveCall('upload', callContext), async (call) => {
    const order = UploadOrder.safeParse(await call.req.json().catch(() => undefined))
    if (!order.success) {
      const problems = order.error.issues.map(({ path, message }) => ({
        loc: ['body', ...path.map(String)],
        msg: message,
        type: 'value_error',
      }))
      return answerWithProblems(call, problems)
    }
    const path = `/files/b/${unguessable()}/${encodeURIComponent(order.data.file_name)}`
    const ticket = unguessable()
    pending.set(ticket, path)
    return call.json({ upload_url: `${context.origins.media}/upload?ticket=${ticket}`, file_url: context.origins.media + path })
  })
  app.notFound(unknownCall(callContext, notFound) as Parameters<typeof app.notFound>[0])
  return app
}

/** `v3.fal.media`: takes pending uploads and serves files to whoever knows their address; it never sees a key. */
export function falMedia(context: StorageContext, pending: PendingUploads, files: ServedFiles): Hono<CallEnvironment> {
  const app = new Hono<CallEnvironment>()
  const callContext: CallContext = { origin: 'media', authorization: undefined, ...context, answers: falAnswers }
  const on = (route: RouteName) => receiveCall(route, callContext)
  addControl(app, context)
  app.put('/upload', on('file'), async (call) => {
    const path = pending.get(call.req.query('ticket') ?? '')
    if (path === undefined) return call.json({ detail: 'Invalid signature' }, 403)
    const bytes = new Uint8Array(await call.req.arrayBuffer())
    if (bytes.length > uploadBytes) return call.json({ detail: 'File too large' }, 413)
    files.put(path, { bytes, mediaType: call.req.header('content-type') ?? 'application/octet-stream' })
    return call.json({ access_url: context.origins.media + path })
  })
  app.get('/files/*', on('output'), (call) => {
    // As it was written: Hono's own path is decoded.
    const file = files.get(new URL(call.req.url).pathname)
    if (!file || context.faults.take('output', ['output-gone'])) return notFound(call, 'File not found')
    return answerWithFile(file)
  })
  app.notFound(unknownCall(callContext, notFound) as Parameters<typeof app.notFound>[0])
  return app
}
