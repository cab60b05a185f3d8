import { z } from 'zod'
import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { unguessable } from '../http/served-files.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import type { MultipartUploads } from './multipart.ts'
import { notFound, respondWithProblems } from './responses.ts'
import type { FalKeys } from './webhook.ts'

/** Larger files need an upload in parts. */
const uploadBytes = 100 * 1024 * 1024

const UploadOrder = z.object({ content_type: z.string().min(1), file_name: z.string().min(1).max(255) })

export interface PendingUploads {
  /** The path at which each file will be served, by its ticket. */
  whole: Map<string, string>
  parts: MultipartUploads
}

/** `rest.fal.ai`: announces uploads, and publishes the keys of webhook signatures. */
export function falRest(base: StandInBase<'rest' | 'media'>, keys: FalKeys, pending: PendingUploads): Routes {
  const { origins, apiKey } = base
  const routes = base.routes('rest', { authorization: `Key ${apiKey}`, notFound })
  const { app, on } = routes
  app.get('/.well-known/jwks.json', on('secret', { needsKey: false }), (call) => call.json(keys.published()))
  const announce = async (call: Call, urlFor: (path: string, mediaType: string) => string) => {
    const order = UploadOrder.safeParse(await call.req.json().catch(() => undefined))
    if (!order.success) {
      const problems = order.error.issues.map(({ path, message }) => ({
        loc: ['body', ...path.map(String)],
        msg: message,
        type: 'value_error',
      }))
      return respondWithProblems(call, problems)
    }
    const path = `/files/b/${unguessable()}/${encodeURIComponent(order.data.file_name)}`
    return call.json({ upload_url: origins.media + urlFor(path, order.data.content_type), file_url: origins.media + path })
  }
  app.post('/storage/upload/initiate', on('upload'), (call) =>
    announce(call, (path) => {
      const ticket = unguessable()
      pending.whole.set(ticket, path)
      return `/upload?ticket=${ticket}`
    }),
  )
  app.post('/storage/upload/initiate-multipart', on('upload'), (call) =>
    announce(call, (path, mediaType) => pending.parts.announce(path, mediaType)),
  )
  return routes
}

/** `v3.fal.media`: receives pending uploads and serves files; it needs no key. */
export function falMedia(base: StandInBase<'media'>, pending: PendingUploads): Routes {
  const { origins, files, outputs } = base
  const routes = base.routes('media', { notFound })
  pending.parts.addRoutes(routes, base)
  const { app, on } = routes
  app.put('/upload', on('file'), async (call) => {
    const path = pending.whole.get(call.req.query('ticket') ?? '')
    if (path === undefined) return call.json({ detail: 'Invalid signature' }, 403)
    const bytes = new Uint8Array(await call.req.arrayBuffer())
    if (bytes.length > uploadBytes) return call.json({ detail: 'File too large' }, 413)
    files.put(path, { bytes, mediaType: call.req.header('content-type') ?? 'application/octet-stream' })
    return call.json({ access_url: origins.media + path })
  })
  app.get('/files/*', on('output'), (call) => {
    return outputs.respond(call.req.path) ?? files.respond(call.req.url) ?? notFound(call, 'File not found')
  })
  return routes
}
