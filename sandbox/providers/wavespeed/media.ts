import { z } from 'zod'
import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { unguessable } from '../http/served-files.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { respond, respondWithError } from './responses.ts'

const uploadBytes = 100 * 1024 * 1024

/** An announced upload: the path that will serve the file, and the headers with which its bytes must be sent. */
interface PendingUpload {
  path: string
  size: number
  headers: Record<string, string>
}
/** By the secret part of the upload address. */
export type PendingUploads = Map<string, PendingUpload>

const Ticket = z.object({
  filename: z.string().min(1).max(255),
  size: z.int().min(1).max(uploadBytes),
  content_type: z.string().min(1).optional(),
})

/** Announces uploads, and takes files in the older multipart call. */
export function addUploads({ app, on }: Routes, { files, origins }: StandInBase<'media'>, pendingUploads: PendingUploads): void {
  app.post('/api/v3/media/uploads', on('upload'), async (call) => {
    const ticket = Ticket.safeParse(await call.req.json().catch(() => undefined))
    if (!ticket.success) return respondWithError(call, 400, `Invalid parameter: ${ticket.error.issues[0]?.path.join('.') ?? 'body'}`)
    const { filename, size, content_type: contentType = 'application/octet-stream' } = ticket.data
    const path = `/media/${unguessable()}/${encodeURIComponent(filename)}`
    const secret = unguessable()
    const headers = { 'Content-Type': contentType, 'x-amz-meta-ticket': secret.slice(0, 8) }
    pendingUploads.set(secret, { path, size, headers })
    const upload = { method: 'PUT', url: `${origins.media}/upload/${secret}`, headers }
    return respond(call, { download_url: origins.media + path, upload })
  })
  app.post('/api/v3/media/upload/binary', on('upload'), async (call) => {
    const form = await call.req.parseBody().catch(() => undefined)
    const file = form?.['file']
    if (!(file instanceof File)) return respondWithError(call, 400, 'Missing required parameter: file')
    const path = `/media/${unguessable()}/${encodeURIComponent(file.name)}`
    files.put(path, { bytes: new Uint8Array(await file.arrayBuffer()), mediaType: file.type || 'application/octet-stream' })
    return respond(call, { type: 'image', download_url: origins.media + path, filename: file.name, size: file.size })
  })
}

/** The storage and its delivery network: receives pending uploads, serves files and clips, and needs no key. */
export function wavespeedMedia({ files, outputs, ...base }: StandInBase<'media'>, pendingUploads: PendingUploads): Routes {
  const routes = base.routes('media', { notFound })
  const { app, on } = routes
  app.put('/upload/:secret', on('file'), async (call) => {
    const pending = pendingUploads.get(call.req.param('secret'))
    const expected = Object.entries(pending?.headers ?? {})
    // A signed URL is valid only with exactly these headers, and without a second credential.
    const isAsSigned = expected.every(([name, value]) => call.req.header(name) === value) && call.req.header('authorization') === undefined
    if (!pending || !isAsSigned) return call.text('SignatureDoesNotMatch', 403)
    const bytes = new Uint8Array(await call.req.arrayBuffer())
    if (bytes.length !== pending.size) return call.text('EntityTooLarge', 400)
    files.put(pending.path, { bytes, mediaType: pending.headers['Content-Type'] ?? 'application/octet-stream' })
    return call.body(null, 200)
  })
  app.get('/media/*', on('file'), (call) => files.respond(call.req.url) ?? notFound(call))
  app.get('/predictions/*', on('output'), (call) => outputs.respond(call.req.path) ?? notFound(call))
  return routes
}

function notFound(call: Call): Response {
  return call.text('Not found', 404)
}
