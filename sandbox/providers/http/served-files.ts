import { randomBytes } from 'node:crypto'
import type { ProviderClock } from '../simulation/provider-clock.ts'

export interface ServedFile {
  bytes: Uint8Array
  mediaType: string
  /** Virtual milliseconds since the epoch; never unless given. */
  expiresAt?: number | undefined
}

/** The files that a provider serves, by the paths of their addresses. */
export class ServedFiles {
  readonly #clock: ProviderClock
  readonly #files = new Map<string, ServedFile>()

  constructor(clock: ProviderClock) {
    this.#clock = clock
  }

  put(path: string, file: ServedFile): void {
    this.#files.set(path, file)
  }

  get(path: string): ServedFile | undefined {
    const file = this.#files.get(path)
    return file && this.#clock.now() < (file.expiresAt ?? Infinity) ? file : undefined
  }

  remove(path: string): void {
    this.#files.delete(path)
  }

  /** The response with the file at this address; undefined if there is none. */
  respond(url: string): Response | undefined {
    // The path as it was sent: Hono decodes its own.
    const file = this.get(new URL(url).pathname)
    return file && respondWithFile(file)
  }
}

/** A part of an address that cannot be guessed. */
export function unguessable(): string {
  return randomBytes(18).toString('base64url')
}

export function respondWithFile({ bytes, mediaType }: ServedFile): Response {
  return new Response(Buffer.from(bytes), { headers: { 'content-type': mediaType, 'content-length': String(bytes.length) } })
}
