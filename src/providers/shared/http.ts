import Bottleneck from 'bottleneck'
import { type Dispatcher, errors, type FormData } from 'undici'

import { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import { type Clock, wallClock } from '../../lib/clock.ts'
import { retry } from '../../lib/retry.ts'
import type { Network } from '../../network/network.ts'
import { createErrorMapping, plainCause, type Step } from './error-mapping.ts'
import { withLimiter } from './limiter.ts'
import { flattenHeaders, type ProviderResponse, readResponse, type RejectionTable, type ResponseReader } from './response.ts'
import { readEvents } from './sse.ts'

/** In milliseconds. */
export interface ProviderTimeouts {
  connect: number
  /** From the request to the first byte of the response. */
  response: number
  /** The same for a call that carries an image. */
  upload: number
  /** A stream of events that is silent for this long counts as broken. */
  silence: number
}

const defaultTimeouts: ProviderTimeouts = { connect: 10_000, response: 60_000, upload: 180_000, silence: 45_000 }
const maxResponseBytes = 1024 * 1024
const maxAttempts = 3
/** Open at once for each provider; a job beyond these is polled. */
export const maxStreams = 64
/** A longer wait is left to the caller. */
const maxDelayMs = 10_000

/** What every provider's HTTP client depends on. */
export interface ProviderContext {
  network: Network
  /** Limits the rate of calls; one per provider. Its owner stops it. */
  limiter?: Bottleneck | undefined
  clock?: Clock | undefined
  /** 0 to 1, for the jitter. */
  random?: (() => number) | undefined
  timeouts?: Partial<ProviderTimeouts> | undefined
}

export interface ProviderHttpOptions {
  provider: ProviderId
  /** The provider's own origins: the only ones that receive the key. */
  origins: readonly string[]
  /** The headers that carry the key. */
  keyHeaders: Readonly<Record<string, string>>
  rejections: RejectionTable
}

export interface Call<T> {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  step: Step
  signal: AbortSignal
  headers?: Readonly<Record<string, string>>
  json?: unknown
  /** A function creates a new body for each attempt. */
  body?: Buffer | FormData | (() => Buffer)
  /** `none` for a signed URL that the provider returned: it may be on anyone's server, so the key is not sent. */
  credentials?: 'own' | 'none'
  /** A POST that only reads: it may be repeated like a GET. */
  readsOnly?: boolean
  /** Replaces the provider's table where the meaning of a response depends on the request. */
  rejections?: RejectionTable
  read: ResponseReader<T>
}

export interface ProviderHttp {
  /**
   * Makes the call and reads the response. Throws only `ProviderError` or the signal's reason; once bytes of a billable call may have left, an abort is
   * `submission_unknown` too.
   */
  send<T>(call: Call<T>): Promise<T>
  /** Opens a stream of events and yields their data. Ends without an error when it ends, breaks or falls silent, or while `maxStreams` are open. */
  stream(call: { url: string; signal: AbortSignal }): AsyncGenerator<string, void, undefined>
  /** The URL that the provider returned, where it is on one of the provider's own origins: only these receive the key. */
  ownUrl(returned: unknown): string | undefined
}

/** The HTTP client of one provider: who receives the key, rate limits, time-outs, and retries of what may be repeated. */
export function createProviderHttp(options: ProviderHttpOptions, context: ProviderContext): ProviderHttp {
  const { network, limiter, clock = wallClock, random = Math.random } = context
  const mapping = createErrorMapping(options.provider, options.rejections, clock)
  const timeouts = { ...defaultTimeouts, ...context.timeouts }
  const origins = new Set(options.origins.map((origin) => new URL(origin).origin))
  const agent = network.agent({ connectTimeoutMs: timeouts.connect })
  // A stream keeps its connection for minutes: in the same pool, a cancel or a create call would wait for one to end.
  const streamAgent = network.agent({ connectTimeoutMs: timeouts.connect, connectionsPerOrigin: maxStreams })
  let streams = 0

  const isOwn = (url: string) => URL.canParse(url) && origins.has(new URL(url).origin)

  function requestOptions({ url, method, headers, json, body, credentials }: Omit<Call<unknown>, 'read' | 'step'>) {
    const { origin, pathname, search } = new URL(url)
    return {
      origin,
      path: pathname + search,
      method,
      headers: {
        accept: 'application/json',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...(credentials === 'none' ? {} : options.keyHeaders),
      },
      body: json === undefined ? ((typeof body === 'function' ? body() : body) ?? null) : JSON.stringify(json),
      headersTimeout: body ? timeouts.upload : timeouts.response,
      bodyTimeout: timeouts.response,
    } satisfies Dispatcher.RequestOptions
  }

  async function exchange<T>(call: Call<T>): Promise<ProviderResponse> {
    const single = call.step === 'submit' ? network.connection(new URL(call.url).origin, { connectTimeoutMs: timeouts.connect }) : undefined
    // The other time-outs do not end a response that trickles in byte by byte; this one does.
    const deadline = AbortSignal.timeout(timeouts.connect + (call.body ? timeouts.upload : timeouts.response) + timeouts.response)
    try {
      const signal = AbortSignal.any([call.signal, deadline])
      return await readResponse(await (single?.dispatcher ?? agent).request({ ...requestOptions(call), signal }), maxResponseBytes)
    } catch (error) {
      const mayHaveSent = single?.opened() ?? false
      if (call.signal.aborted && !mayHaveSent) throw call.signal.reason
      throw mapping.lost(call.step, error, { mayHaveSent, late: deadline.aborted })
    } finally {
      await single?.close()
    }
  }

  /** Waits for the limiter. If the limiter rejects the call, nothing was sent. */
  function limited<T>(step: Step, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return withLimiter(limiter, signal, work).catch((error: unknown) => {
      if (!(error instanceof Bottleneck.BottleneckError)) throw error
      throw mapping.of(step, 'rate_limited', { retryable: true, failoverSafe: step !== 'follow', cause: plainCause(error) })
    })
  }

  async function sendOnce<T>(call: Call<T>): Promise<T> {
    const foreign = call.credentials === 'none'
    if (!foreign && !isOwn(call.url)) throw mapping.of(call.step, 'unavailable')
    const response = await limited(call.step, call.signal, () => exchange(call))
    const value = call.read(response)
    if (value !== undefined) return value
    // The provider's table does not apply to another company's storage.
    if (foreign) throw mapping.of(call.step, 'unavailable', { httpStatus: response.status, retryable: true })
    throw mapping.refused(call.step, response, call.rejections)
  }

  /** The delay before the next attempt; undefined where the error is final or the wait is for the caller to decide. */
  function delayAfter(attempt: number, error: unknown): number | undefined {
    if (attempt === maxAttempts || !(error instanceof ProviderError) || !error.retryable) return undefined
    const delay = error.retryAfterMs ?? 500 * 2 ** (attempt - 1) * (0.5 + random())
    return delay > maxDelayMs ? undefined : delay
  }

  async function openStream(url: string, signal: AbortSignal): Promise<Dispatcher.ResponseData['body']> {
    const request = requestOptions({ method: 'GET', url, signal, headers: { accept: 'text/event-stream' } })
    try {
      const response = await streamAgent.request({ ...request, signal, bodyTimeout: timeouts.silence })
      const type = flattenHeaders(response.headers)['content-type']
      if (response.statusCode === 200 && type?.startsWith('text/event-stream')) return response.body
      throw mapping.refused('follow', await readResponse(response, maxResponseBytes))
    } catch (error) {
      if (error instanceof ProviderError) throw error
      signal.throwIfAborted()
      throw mapping.lost('follow', error, { mayHaveSent: true, late: false })
    }
  }

  return {
    ownUrl: (returned) => (typeof returned === 'string' && isOwn(returned) ? returned : undefined),
    send(call) {
      const { step, method, signal } = call
      const isRepeatable = step === 'prepare' || (step === 'follow' && (method === 'GET' || call.readsOnly))
      return isRepeatable ? retry(() => sendOnce(call), { delays: delayAfter, signal, clock }) : sendOnce(call)
    },
    async *stream({ url, signal }) {
      if (!isOwn(url)) throw mapping.of('follow', 'unavailable')
      if (streams >= maxStreams) return
      streams += 1
      try {
        const body = await limited('follow', signal, () => openStream(url, signal))
        yield* readEvents(body as AsyncIterable<Uint8Array>)
      } catch (error) {
        if (error instanceof ProviderError) throw error
        signal.throwIfAborted()
        // A broken stream says nothing about the job: the caller reads the status instead.
        if (!isConnectionError(error)) throw mapping.lost('follow', error, { mayHaveSent: true, late: false })
      } finally {
        streams -= 1
      }
    },
  }
}

function isConnectionError(error: unknown): boolean {
  return error instanceof errors.UndiciError || (error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
}
