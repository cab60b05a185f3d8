import { refuse } from '../model/errors.ts'
import type { UploadedFile } from '../model/files.ts'

export interface RequestBody {
  json: unknown
  files: UploadedFile[]
}

/** A JSON body, or a multipart one whose `payload_json` is the JSON and whose other parts are files, in any order. */
export async function parseBody(raw: Buffer, contentType: string): Promise<RequestBody> {
  if (raw.length === 0) return { json: undefined, files: [] }
  if (!contentType.startsWith('multipart/form-data')) return { json: parseJson(raw.toString('utf8')), files: [] }
  let form: FormData
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated for servers with untrusted clients; here the client is a test on loopback
    form = await new Response(new Uint8Array(raw), { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw refuse.invalidJson()
  }
  const body: RequestBody = { json: {}, files: [] }
  for (const [field, value] of form) {
    if (typeof value !== 'string') {
      body.files.push({ field, name: value.name, contentType: value.type, bytes: Buffer.from(await value.arrayBuffer()) })
    } else if (field === 'payload_json') body.json = parseJson(value)
  }
  return body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw refuse.invalidJson()
  }
}
