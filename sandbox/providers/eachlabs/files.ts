import { z } from 'zod'
import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { unguessable } from '../http/served-files.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { badRequest, notFound as fileNotFound } from './responses.ts'

const uploadBytes = 100 * 1024 * 1024
/** How long an announced upload waits for its bytes. */
const ticketMs = 15 * 60 * 1000
const keptSeconds = { least: 60, usual: 180 * 24 * 3600, most: 365 * 24 * 3600 }

const Presign = z.object({
  content_type: z.string().min(1),
  file_type: z.enum(['image', 'video', 'audio', 'file']).optional(),
  expires_in_seconds: z.int().min(keptSeconds.least).max(keptSeconds.most).default(keptSeconds.usual),
})

/** An announced upload. Times are virtual milliseconds since the epoch. */
export interface Upload {
  path: string
  mediaType: string
  bytesUntil: number
  expiresAt: number
}

/** Announces and deletes uploads. */
export function addFiles(
  { app, on }: Routes,
  { clock, files, origins, behavior }: StandInBase<'media'>,
  uploads: Map<string, Upload>,
): void {
  app.post('/v1/upload/presign', on('upload'), async (call) => {
    const order = Presign.safeParse(await call.req.json().catch(() => undefined))
    if (!order.success) return badRequest(call, order.error.issues[0]?.message ?? 'invalid', behavior)
    const { content_type: mediaType, expires_in_seconds: seconds } = order.data
    const id = unguessable()
    const path = `/files/${unguessable()}`
    const now = clock.now()
    const expiresAt = now + 1000 * seconds
    uploads.set(id, { path, mediaType, bytesUntil: now + ticketMs, expiresAt })
    return call.json({
      id,
      presigned_url: `${origins.media}/upload/${id}`,
      public_url: origins.media + path,
      expires_at: new Date(expiresAt).toISOString(),
      required_headers: { 'x-goog-meta-upload': id },
    })
  })
  app.delete('/v1/files/:id', on('file'), (call) => {
    const upload = uploads.get(call.req.param('id'))
    if (!upload) return fileNotFound(call, 'File not found', behavior)
    uploads.delete(call.req.param('id'))
    files.remove(upload.path)
    return call.body(null, 204)
  })
}

/** The storage: receives announced uploads, serves files and clips, and needs no key. */
export function eachlabsMedia({ clock, files, outputs, ...base }: StandInBase<'media'>, uploads: Map<string, Upload>): Routes {
  const routes = base.routes('media', { notFound })
  const { app, on } = routes
  app.put('/upload/:id', on('file'), async (call) => {
    const id = call.req.param('id')
    const upload = uploads.get(id)
    const isAsSigned = call.req.header('x-goog-meta-upload') === id && call.req.header('content-type') === upload?.mediaType
    if (!upload || !isAsSigned || clock.now() >= upload.bytesUntil) return call.text('SignatureDoesNotMatch', 403)
    const bytes = new Uint8Array(await call.req.arrayBuffer())
    if (bytes.length > uploadBytes) return call.text('EntityTooLarge', 413)
    files.put(upload.path, { ...upload, bytes })
    return call.body(null, 200)
  })
  app.get('/files/*', on('file'), (call) => files.respond(call.req.url) ?? notFound(call))
  app.get('/outputs/*', on('output'), (call) => outputs.respond(call.req.path) ?? notFound(call))
  return routes
}

function notFound(call: Call): Response {
  return call.text('Not found', 404)
}
