import { createHash } from 'node:crypto'
import type { Hono } from 'hono'
import { z } from 'zod'
import type { CallEnvironment, receiveCall } from '../http/call.ts'
import type { RouteName } from '../simulation/faults.ts'
import type { StandIn } from '../stand-in/stand-in.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import { unguessable } from '../http/served-files.ts'
import { answerWithInvalidFields, notFound } from './responses.ts'

export interface UploadedFile {
  id: string
  name: string
  mediaType: string
  bytes: Uint8Array
  metadata: Record<string, unknown>
  createdAt: number
}

export type UploadedFiles = Map<string, UploadedFile>

const fileBytes = 100 * 1024 * 1024
const keptMs = 24 * 60 * 60 * 1000

const Metadata = z.record(z.string(), z.unknown())

interface FilesContext extends Pick<StandIn<'api'>, 'origins'> {
  clock: ProviderClock
  files: UploadedFiles
}

/** Uploads: kept for the account alone, so that only its key, or a prediction of its own, can read them. */
export function addFiles(
  app: Hono<CallEnvironment>,
  on: (route: RouteName) => ReturnType<typeof receiveCall>,
  context: FilesContext,
): void {
  const { files, clock } = context
  app.post('/v1/files', on('upload'), async (call) => {
    const form = await call.req.parseBody().catch(() => undefined)
    const content = form?.['content']
    if (!(content instanceof File)) {
      return answerWithInvalidFields(call, [{ type: 'required', field: '(root)', description: 'content is required' }])
    }
    if (content.size > fileBytes) return call.json({ title: 'File too large', detail: 'Files may be up to 100MB.', status: 413 }, 413)
    const metadata = await readMetadata(form?.['metadata'])
    if (!metadata)
      return answerWithInvalidFields(call, [{ type: 'invalid_type', field: 'metadata', description: 'metadata must be an object' }])
    const id = unguessable()
    const bytes = new Uint8Array(await content.arrayBuffer())
    const mediaType = content.type || 'application/octet-stream'
    const file: UploadedFile = { id, name: content.name, mediaType, bytes, metadata, createdAt: clock.now() }
    files.set(id, file)
    return call.json(describe(file, context), 201)
  })
  app.get('/v1/files', on('file'), (call) =>
    call.json({ previous: null, next: null, results: [...files.values()].reverse().map((file) => describe(file, context)) }),
  )
  app.get('/v1/files/:id', on('file'), (call) => {
    const file = files.get(call.req.param('id'))
    return file ? call.json(describe(file, context)) : notFound(call)
  })
  app.delete('/v1/files/:id', on('file'), (call) => (files.delete(call.req.param('id')) ? call.body(null, 204) : notFound(call)))
}

/** The part is a JSON document, sent as text or as a file of its own. */
async function readMetadata(part: string | File | (string | File)[] | undefined): Promise<Record<string, unknown> | undefined> {
  if (part === undefined) return {}
  if (Array.isArray(part)) return undefined
  const text = typeof part === 'string' ? part : await part.text()
  try {
    return Metadata.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

function describe(file: UploadedFile, { origins }: FilesContext): Record<string, unknown> {
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
    urls: { get: `${origins.api}/v1/files/${file.id}` },
  }
}
