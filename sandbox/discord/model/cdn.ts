import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

import type { DiscordClock } from './clock.ts'

const urlLifetimeSeconds = 24 * 60 * 60

export interface HostedFile {
  bytes: Buffer
  contentType: string
}

/** The files of Discord's CDN. Every payload signs their URLs anew; a signature lasts a day of Discord's clock. */
export class Cdn {
  readonly #origin: string
  readonly #clock: DiscordClock
  readonly #secret = randomBytes(32)
  readonly #files = new Map<string, HostedFile>()

  constructor(origin: string, clock: DiscordClock) {
    this.#origin = origin
    this.#clock = clock
  }

  put(path: string, file: HostedFile): void {
    this.#files.set(path, file)
  }

  stored(path: string): HostedFile | undefined {
    return this.#files.get(path)
  }

  remove(path: string): void {
    this.#files.delete(path)
  }

  /** A URL with `ex` (expiry) and `is` (issue) in hexadecimal seconds and `hm`, the signature over both and the path. */
  sign(path: string): string {
    const issued = Math.floor(this.#clock.now() / 1000)
    const [expires, issuedHex] = [(issued + urlLifetimeSeconds).toString(16), issued.toString(16)]
    return `${this.#origin}${encodeURI(path)}?ex=${expires}&is=${issuedHex}&hm=${this.#signature(path, expires, issuedHex).toString('hex')}&`
  }

  /** The file behind a signed URL; undefined when it is deleted, unsigned, tampered with or expired. Discord answers 404 to all of these. */
  open(path: string, query: URLSearchParams): HostedFile | undefined {
    const [expires, issued, given] = [query.get('ex'), query.get('is'), query.get('hm')]
    if (!expires || !issued || !given) return undefined
    const [expected, presented] = [this.#signature(path, expires, issued), Buffer.from(given, 'hex')]
    if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) return undefined
    if (this.#clock.now() >= Number.parseInt(expires, 16) * 1000) return undefined
    return this.#files.get(path)
  }

  #signature(path: string, expires: string, issued: string): Buffer {
    return createHmac('sha256', this.#secret).update(`${path}\n${expires}\n${issued}`).digest()
  }
}
