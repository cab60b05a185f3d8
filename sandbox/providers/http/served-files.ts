import { randomBytes } from 'node:crypto'

export interface ServedFile {
  bytes: Uint8Array
  mediaType: string
}

/** Files that a provider serves to whoever knows their address. */
export class ServedFiles {
  readonly #files = new Map<string, ServedFile>()

  put(path: string, file: ServedFile): void {
    this.#files.set(path, file)
  }

  get(path: string): ServedFile | undefined {
    return this.#files.get(path)
  }

  remove(path: string): void {
    this.#files.delete(path)
  }
}

/** A piece of an address that nobody can guess. */
export function unguessable(): string {
  return randomBytes(18).toString('base64url')
}

export function answerWithFile({ bytes, mediaType }: ServedFile): Response {
  return new Response(Buffer.from(bytes), { headers: { 'content-type': mediaType, 'content-length': String(bytes.length) } })
}
