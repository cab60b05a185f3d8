import { Hono } from 'hono'
import { z } from 'zod'
import { type CallEnvironment, type CallContext, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/stand-in.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import { answerWithFile, type ServedFiles, unguessable } from '../http/served-files.ts'
import { answerWith, refuse } from './responses.ts'

const uploadBytes = 100 * 1024 * 1024

/** An upload that was pending: where the file will be served, and the headers that its bytes must come with. */
interface PendingUpload {
  path: string
  size: number
  headers: Record<string, string>
}
export type PendingUploads = Map<string, PendingUpload>

const Ticket = z.object({
  filename: z.string().min(1).max(255),
  size: z.int().min(1).max(uploadBytes),
  content_type: z.string().min(1).optional(),
})

interface MediaContext extends StandInBase {
  origins: { media: string }
  pendingUploads: PendingUploads
  files: ServedFiles
}

/** Tickets to upload with, and the older way of one multipart call. */
export function addUploads(
  app: Hono<CallEnvironment>,
  on: (route: RouteName) => ReturnType<typeof receiveCall>,
  context: MediaContext,
): void {
  const { pendingUploads, files, origins } = context
  app.post('/api/v3/media/uploads', on('upload'), async (call) => {
    const ticket = Ticket.safeParse(await call.req.json().catch(() => undefined))
    if (!ticket.success) return refuse(call, 400, `Invalid parameter: ${ticket.error.issues[0]?.path.join('.') ?? 'body'}`)
    const { filename, size, content_type: contentType = 'application/octet-stream' } = ticket.data
    const path = `/media/${unguessable()}/${encodeURIComponent(filename)}`
    const secret = unguessable()
    const headers = { 'Content-Type': contentType, 'x-amz-meta-ticket': secret.slice(0, 8) }
    pendingUploads.set(secret, { path, size, headers })
    const upload = { method: 'PUT', url: `${origins.media}/upload/${secret}`, headers }
    return answerWith(call, { download_url: origins.media + path, upload })
  })
  app.post('/api/v3/media/upload/binary', on('upload'), async (call) => {
    const form = await call.req.parseBody().catch(() => undefined)
    const file = form?.['file']
    if (!(file instanceof File)) return refuse(call, 400, 'Missing required parameter: file')
    const path = `/media/${unguessable()}/${encodeURIComponent(file.name)}`
    files.put(path, { bytes: new Uint8Array(await file.arrayBuffer()), mediaType: file.type || 'application/octet-stream' })
    return answerWith(call, { type: 'image', download_url: origins.media + path, filename: file.name, size: file.size })
  })
}

/** The storage and its delivery network: takes pending uploads, never sees a key, serves files and clips. */
export function wavespeedMedia(context: MediaContext & { outputs: Outputs; answers: CallContext['answers'] }): Hono<CallEnvironment> {
  const app = new Hono<CallEnvironment>()
  const callContext: CallContext = { origin: 'media', authorization: undefined, ...context }
  addControl(app, context)
  app.put('/upload/:secret', receiveCall('file', callContext), async (call) => {
    const pending = context.pendingUploads.get(call.req.param('secret'))
    const expected = Object.entries(pending?.headers ?? {})
    // A signed address is a signature over exactly these headers, and a key beside it makes two credentials.
    const isAsSigned = expected.every(([name, value]) => call.req.header(name) === value) && call.req.header('authorization') === undefined
    if (!pending || !isAsSigned) return call.text('SignatureDoesNotMatch', 403)
    const bytes = new Uint8Array(await call.req.arrayBuffer())
    if (bytes.length !== pending.size) return call.text('EntityTooLarge', 400)
    context.files.put(pending.path, { bytes, mediaType: pending.headers['Content-Type'] ?? 'application/octet-stream' })
    return call.body(null, 200)
  })
  app.get('/media/*', receiveCall('file', callContext), (call) => {
    const file = context.files.get(new URL(call.req.url).pathname)
    return file ? answerWithFile(file) : call.text('Not found', 404)
  })
  app.get(
    '/predictions/*',
    receiveCall('output', callContext),
    (call) => context.outputs.answer(call.req.path) ?? call.text('Not found', 404),
  )
  app.notFound(unknownCall(callContext, (call) => call.text('Not found', 404)) as Parameters<typeof app.notFound>[0])
  return app
}
