import { type Dispatcher, errors } from 'undici'

import { type Clock, wallClock } from '../lib/clock.ts'
import { retry } from '../lib/retry.ts'
import { BlockedTarget } from '../network/address-guard.ts'
import { NotConnected } from '../network/connector.ts'
import type { Network } from '../network/network.ts'

/**
 * `blocked`: not https, or not a public address. `foreign`: not on an allowed origin. `refused`: another status than 200 (`httpStatus`).
 * `incomplete`: fewer bytes than announced, or the connection broke. `redirects`: too many.
 */
type DownloadFailure = 'blocked' | 'foreign' | 'refused' | 'incomplete' | 'too-large' | 'timeout' | 'unreachable' | 'redirects'

/** A failed download. Never contains the URL, which may be signed. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
  readonly failure: DownloadFailure
  readonly httpStatus: number | undefined

  constructor(failure: DownloadFailure, httpStatus?: number) {
    super(`download failed: ${failure}${httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`}`)
    this.failure = failure
    this.httpStatus = httpStatus
  }

  get retryable(): boolean {
    if (this.failure === 'refused') return this.httpStatus === 429 || (this.httpStatus ?? 0) >= 500
    return this.failure === 'incomplete' || this.failure === 'unreachable'
  }
}

export interface DownloadOptions {
  /** For the whole download with its redirects and retries. */
  signal: AbortSignal
  /** Milliseconds, for the same. */
  timeoutMs: number
  maxBytes: number
  /** Where set, the URL and every redirect must stay on these. */
  allowedOrigins?: readonly string[] | undefined
}

/**
 * Downloads a file over the guarded network.
 * @throws {DownloadError} or the signal's reason
 */
export type Download = (url: string, options: DownloadOptions) => Promise<Uint8Array>

const retryDelaysMs = [300, 600]
const maxRedirects = 3

/** Creates the function that downloads files; its connections are closed with the network. `random` (0 to 1) varies the retry delays. */
export function createDownload({
  network,
  clock = wallClock,
  random = Math.random,
}: {
  network: Network
  clock?: Clock
  random?: () => number
}): Download {
  const agent = network.agent({ connectionsPerOrigin: 16 })

  return async (url, { signal, timeoutMs, maxBytes, allowedOrigins }) => {
    const deadline = AbortSignal.timeout(timeoutMs)
    const either = AbortSignal.any([signal, deadline])
    const assertAllowed = ({ protocol, origin }: URL) => {
      if (protocol !== 'https:' && !(network.allowPrivateAddresses && protocol === 'http:')) throw new DownloadError('blocked')
      if (allowedOrigins && !allowedOrigins.includes(origin)) throw new DownloadError('foreign')
    }
    try {
      return await retry(() => fetchFile(agent, url, { signal: either, maxBytes, assertAllowed }), {
        delays: retryDelaysMs.map((delay) => delay * (0.5 + random())),
        shouldRetry: (error) => asDownloadError(error).retryable,
        signal: either,
        clock,
      })
    } catch (error) {
      signal.throwIfAborted()
      throw deadline.aborted ? new DownloadError('timeout') : asDownloadError(error)
    }
  }
}

type FetchOptions = Pick<DownloadOptions, 'signal' | 'maxBytes'> & { assertAllowed: (url: URL) => void }

async function fetchFile(agent: Dispatcher, start: string, { signal, maxBytes, assertAllowed }: FetchOptions): Promise<Uint8Array> {
  if (!URL.canParse(start)) throw new DownloadError('blocked')
  let url = new URL(start)
  for (let hops = 0; hops <= maxRedirects; hops++) {
    assertAllowed(url)
    const { origin, pathname, search } = url
    const response = await agent.request({ origin, path: pathname + search, method: 'GET', signal })
    const { statusCode, body } = response
    if (statusCode === 200) return readBytes(response, maxBytes)
    await body.dump({ limit: 16 * 1024, signal })
    const location = header(response, 'location')
    if (statusCode < 300 || statusCode > 399 || location === undefined || !URL.canParse(location, url.href))
      throw new DownloadError('refused', statusCode)
    url = new URL(location, url)
  }
  throw new DownloadError('redirects')
}

async function readBytes(response: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(header(response, 'content-length') ?? Number.NaN)
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    if (announced > maxBytes) throw new DownloadError('too-large')
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      if (size > maxBytes) throw new DownloadError('too-large')
      chunks.push(chunk)
    }
  } finally {
    // Ends the connection if the body was not read completely.
    response.body.on('error', () => undefined).destroy()
  }
  return Buffer.concat(chunks)
}

function header({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

function asDownloadError(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error
  if (error instanceof NotConnected) return new DownloadError(error.cause instanceof BlockedTarget ? 'blocked' : 'unreachable')
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) return new DownloadError('timeout')
  return new DownloadError('incomplete')
}
