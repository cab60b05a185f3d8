import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Call } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { unguessable } from '../http/served-files.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'

const partBytes = 10 * 1024 * 1024

const Completion = z.object({ parts: z.array(z.object({ partNumber: z.int().min(1), etag: z.string() })).min(1) })

interface MultipartUpload {
  path: string
  mediaType: string
  parts: Map<number, { bytes: Uint8Array; etag: string }>
}

/** Uploads in parts of at most ten megabytes, by their tickets. fal's client uses them for files over 90 MB. */
export class MultipartUploads {
  readonly #uploads = new Map<string, MultipartUpload>()

  /** @returns the path and query at which the parts are taken */
  announce(path: string, mediaType: string): string {
    const ticket = unguessable()
    this.#uploads.set(ticket, { path, mediaType, parts: new Map() })
    return `/multipart?ticket=${ticket}`
  }

  /** Takes the parts, and serves the file once they are complete. */
  addRoutes({ app, on }: Routes, { files }: StandInBase<'media'>): void {
    const uploadOf = (call: Call) => this.#uploads.get(call.req.query('ticket') ?? '')
    app.put('/multipart/:part', on('file'), async (call) => {
      const upload = uploadOf(call)
      if (!upload) return call.json({ detail: 'Invalid signature' }, 403)
      const bytes = new Uint8Array(await call.req.arrayBuffer())
      if (bytes.length > partBytes) return call.json({ detail: 'Part too large' }, 413)
      const [partNumber, etag] = [Number(call.req.param('part')), createHash('md5').update(bytes).digest('hex')]
      upload.parts.set(partNumber, { bytes, etag })
      return call.json({ partNumber, etag })
    })
    app.post('/multipart/complete', on('file'), async (call) => {
      const upload = uploadOf(call)
      if (!upload) return call.json({ detail: 'Invalid signature' }, 403)
      const completion = Completion.safeParse(await call.req.json().catch(() => undefined))
      const parts = completion.data?.parts.map(({ partNumber, etag }) => {
        const part = upload.parts.get(partNumber)
        return part?.etag === etag ? part.bytes : undefined
      })
      if (!parts || parts.includes(undefined)) return call.json({ detail: 'Invalid parts' }, 422)
      files.put(upload.path, { bytes: Buffer.concat(parts as Uint8Array[]), mediaType: upload.mediaType })
      return call.json({})
    })
  }
}
