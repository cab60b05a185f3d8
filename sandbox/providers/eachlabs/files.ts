import { Hono } from 'hono'
import { z } from 'zod'
import { type CallEnvironment, type CallContext, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandInBase } from '../stand-in/stand-in.ts'
import type { Outputs } from '../stand-in/outputs.ts'
import { answerWithFile, type ServedFile, unguessable } from '../http/served-files.ts'
import { refuse } from './responses.ts'

const uploadBytes = 100 * 1024 * 1024
/** Bytes must come within a quarter of an hour. */
const ticketMs = 15 * 60 * 1000
const keptSeconds = { least: 60, usual: 180 * 24 * 3600, most: 365 * 24 * 3600 }

/** A file that was pending, and whose bytes may have come. Times are virtual milliseconds since the epoch. */
interface UploadedFile {
  id: string
  path: string
  contentType: string
  bytesUntil: number
  expiresAt: number
  bytes?: Uint8Array
}

/** The files of one customer. */
export class EachlabsFiles {
  readonly #files = new Map<string, UploadedFile>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  createUpload(contentType: string, seconds: number): UploadedFile {
    const now = this.#now()
    const id = unguessable()
    const path = `/files/${unguessable()}`
    const file = { id, path, contentType, bytesUntil: now + ticketMs, expiresAt: now + 1000 * seconds }
    this.#files.set(id, file)
    return file
  }

  get(id: string): UploadedFile | undefined {
    return this.#files.get(id)
  }

  remove(id: string): boolean {
    return this.#files.delete(id)
  }

  /** The file at a path, while it is kept. */
  at(path: string): ServedFile | undefined {
    const file = [...this.#files.values()].find((each) => each.path === path)
    return file?.bytes && file.expiresAt > this.#now() ? { bytes: file.bytes, mediaType: file.contentType } : undefined
  }

  mayFill({ bytesUntil }: UploadedFile): boolean {
    return this.#now() < bytesUntil
  }
}

const Presign = z.object({
  content_type: z.string().min(1),
  file_type: z.enum(['image', 'video', 'audio', 'file']).optional(),
  expires_in_seconds: z.int().min(keptSeconds.least).max(keptSeconds.most).default(keptSeconds.usual),
})

interface FilesContext extends StandInBase {
  origins: { media: string }
  files: EachlabsFiles
}

/** Announce an upload, take a file back. */
export function addFiles(
  app: Hono<CallEnvironment>,
  on: (route: RouteName) => ReturnType<typeof receiveCall>,
  context: FilesContext,
): void {
  const { files, origins } = context
  app.post('/v1/upload/presign', on('upload'), async (call) => {
    const order = Presign.safeParse(await call.req.json().catch(() => undefined))
    if (!order.success) return refuse(call, 400, 'bad request', order.error.issues[0]?.message ?? 'invalid')
    const file = files.createUpload(order.data.content_type, order.data.expires_in_seconds)
    return call.json({
      id: file.id,
      presigned_url: `${origins.media}/upload/${file.id}`,
      public_url: origins.media + file.path,
      expires_at: new Date(file.expiresAt).toISOString(),
      required_headers: { 'x-goog-meta-upload': file.id },
    })
  })
  app.delete('/v1/files/:id', on('file'), (call) =>
    files.remove(call.req.param('id')) ? call.body(null, 204) : refuse(call, 404, 'not found', 'File not found'),
  )
}

/** The storage: takes pending uploads, never sees a key, serves files and clips. */
export function eachlabsMedia(context: FilesContext & { outputs: Outputs; answers: CallContext['answers'] }): Hono<CallEnvironment> {
  const { files, outputs } = context
  const app = new Hono<CallEnvironment>()
  const callContext: CallContext = { origin: 'media', authorization: undefined, ...context }
  addControl(app, context)
  app.put('/upload/:id', receiveCall('file', callContext), async (call) => {
    const file = files.get(call.req.param('id'))
    const isAsSigned = call.req.header('x-goog-meta-upload') === file?.id && call.req.header('content-type') === file?.contentType
    if (!file || !isAsSigned || !files.mayFill(file)) return call.text('SignatureDoesNotMatch', 403)
    const bytes = new Uint8Array(await call.req.arrayBuffer())
    if (bytes.length > uploadBytes) return call.text('EntityTooLarge', 413)
    file.bytes = bytes
    return call.body(null, 200)
  })
  app.get('/files/*', receiveCall('file', callContext), (call) => {
    const file = files.at(call.req.path)
    return file ? answerWithFile(file) : call.text('Not found', 404)
  })
  app.get('/outputs/*', receiveCall('output', callContext), (call) => outputs.answer(call.req.path) ?? call.text('Not found', 404))
  app.notFound(unknownCall(callContext, (call) => call.text('Not found', 404)) as Parameters<typeof app.notFound>[0])
  return app
}
