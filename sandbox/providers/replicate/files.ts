import { createHash } from 'node:crypto'
import { z } from 'zod'
import { parseJson } from '../http/call.ts'
import type { Routes } from '../http/routes.ts'
import { unguessable } from '../http/served-files.ts'
import type { StandInBase } from '../stand-in/create-stand-in.ts'
import { notFound, respondWithError, respondWithInvalidFields } from './responses.ts'

interface UploadedFile {
  id: string
  name: string
  mediaType: string
  bytes: Uint8Array
  metadata: Record<string, unknown>
  createdAt: number
}

const fileBytes = 100 * 1024 * 1024
const keptMs = 24 * 60 * 60 * 1000

const Metadata = z.record(z.string(), z.unknown())

/** Uploads. They are private: only the account's key and its predictions can read them. */
export function addFiles({ app, on }: Routes, { origins, clock, files }: StandInBase<'api'>): void {
  const uploads = new Map<string, UploadedFile>()
  app.post('/v1/files', on('upload'), async (call) => {
    const form = await call.req.parseBody().catch(() => undefined)
    const content = form?.['content']
    if (!(content instanceof File)) {
      return respondWithInvalidFields(call, [{ type: 'required', field: '(root)', description: 'content is required' }])
    }
    if (content.size > fileBytes) return respondWithError(call, 413, 'File too large', 'Files may be up to 100MB.')
    const metadata = await readMetadata(form?.['metadata'])
    if (!metadata) {
      return respondWithInvalidFields(call, [{ type: 'invalid_type', field: 'metadata', description: 'metadata must be an object' }])
    }
    const id = unguessable()
    const bytes = new Uint8Array(await content.arrayBuffer())
    const mediaType = content.type || 'application/octet-stream'
    const file: UploadedFile = { id, name: content.name, mediaType, bytes, metadata, createdAt: clock.now() }
    uploads.set(id, file)
    files.put(pathOf(file), file)
    return call.json(describe(file, origins.api), 201)
  })
  app.get('/v1/files', on('file'), (call) =>
    call.json({ previous: null, next: null, results: [...uploads.values()].reverse().map((file) => describe(file, origins.api)) }),
  )
  app.get('/v1/files/:id', on('file'), (call) => {
    const file = uploads.get(call.req.param('id'))
    return file ? call.json(describe(file, origins.api)) : notFound(call)
  })
  app.delete('/v1/files/:id', on('file'), (call) => {
    const file = uploads.get(call.req.param('id'))
    if (!file) return notFound(call)
    uploads.delete(file.id)
    files.remove(pathOf(file))
    return call.body(null, 204)
  })
}

function pathOf({ id }: UploadedFile): string {
  return `/v1/files/${id}`
}

/** Metadata is JSON, sent as a field or as a file. */
async function readMetadata(part: string | File | (string | File)[] | undefined): Promise<Record<string, unknown> | undefined> {
  if (part === undefined) return {}
  if (Array.isArray(part)) return undefined
  return Metadata.safeParse(parseJson(typeof part === 'string' ? part : await part.text())).data
}

function describe(file: UploadedFile, api: string): Record<string, unknown> {
  return {
    id: file.id,
    name: file.name,
    content_type: file.mediaType,
    size: file.bytes.length,
    etag: createHash('md5').update(file.bytes).digest('hex'),
    checksums: { sha256: createHash('sha256').update(file.bytes).digest('hex') },
    metadata: file.metadata,
    created_at: new Date(file.createdAt).toISOString(),
    expires_at: new Date(file.createdAt + keptMs).toISOString(),
    urls: { get: api + pathOf(file) },
  }
}
