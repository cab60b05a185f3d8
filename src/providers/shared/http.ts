import Bottleneck from 'bottleneck'
import { type Dispatcher, errors, type FormData } from 'undici'

import { type Clock, createClock } from '../../lib/clock.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Network } from '../../network/network.ts'
import { type Answer, type AnswerReader, flatten, readAnswer, type RejectionTable } from './response.ts'
import { readEvents } from './sse.ts'
import { createFailures, plainCause, type Step } from './error-mapping.ts'
import { paced } from './limiter.ts'

/** In milliseconds. */
export interface ProviderTimeouts {
  connect: number
  /** From the request to the first byte of the answer. */
  answer: number
  /** The same for a call that carries an image. */
  upload: number
  /** How long a stream of events may be silent before it is taken for dead. */
  silence: number
}

const defaultTimeouts: ProviderTimeouts = { connect: 10_000, answer: 60_000, upload: 180_000, silence: 45_000 }
const maxAnswerBytes = 1024 * 1024
const maxTries = 3
/** A provider that asks for more patience than this is not waited for inside a call: the caller decides. */
const longestWaitMs = 10_000

/** What every adapter hands on to the client of its provider. */
export interface ProviderWire {
  network: Network
  /** Paces the calls; one per provider. Its owner stops it. */
  limiter?: Bottleneck | undefined
  clock?: Clock | undefined
  /** 0 to 1, for the jitter. */
  random?: (() => number) | undefined
  timeouts?: Partial<ProviderTimeouts> | undefined
}

export interface ProviderHttpOptions extends ProviderWire {
  provider: ProviderId
  /** The provider's own origins: the only ones that get the key. */
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
  /** A function makes the body anew for each try. */
  body?: Buffer | FormData | (() => Buffer)
  /** `none` for a URL that the provider handed out and that proves itself (a signed upload): it may be anybody's, so the key stays here. */
  credentials?: 'own' | 'none'
  /** A POST that only asks: it may be repeated like a GET. */
  readsOnly?: boolean
  /** What the answers to this one call mean, where the provider's table has to know what was asked. */
  rejections?: RejectionTable
  read: AnswerReader<T>
}

export interface ProviderHttp {
  /**
   * Makes the call and reads the answer. Throws only `ProviderError`, or the signal's reason; once bytes of a billable call may have left,
   * an abort is `submission_unknown` too.
   */
  send<T>(call: Call<T>): Promise<T>
  /** Opens a stream of events and yields their data; ends quietly when the provider ends it, breaks off or falls silent. */
  stream(call: { url: string; signal: AbortSignal }): AsyncGenerator<string, void, undefined>
  /** Is this URL on one of the provider's own origins? */
  isOwn(url: string): boolean
}

/** The HTTP client of one provider: who gets the key, pacing, time-outs, and retries of what may be repeated. */
export function createProviderHttp(options: ProviderHttpOptions): ProviderHttp {
  const { network, keyHeaders, limiter, clock = createClock(), random = Math.random } = options
  const failures = createFailures(options.provider, options.rejections, clock)
  const timeouts = { ...defaultTimeouts, ...options.timeouts }
  const origins = new Set(options.origins.map((origin) => new URL(origin).origin))
  const agent = network.agent({ connectTimeoutMs: timeouts.connect })

  const isOwn = (url: string) => URL.canParse(url) && origins.has(new URL(url).origin)

  /** Everything about a request but where it goes out. */
  function requestOf({ url, method, headers, json, body, credentials }: Omit<Call<unknown>, 'read' | 'step'>) {
    const { origin, pathname, search } = new URL(url)
    return {
      origin,
      path: pathname + search,
      method,
      headers: {
        accept: 'application/json',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...(credentials === 'none' ? {} : keyHeaders),
      },
      body: json === undefined ? ((typeof body === 'function' ? body() : body) ?? null) : JSON.stringify(json),
      headersTimeout: body ? timeouts.upload : timeouts.answer,
      bodyTimeout: timeouts.answer,
    } satisfies Dispatcher.RequestOptions
  }

  async function exchange<T>(call: Call<T>): Promise<Answer> {
    const single = call.step === 'submit' ? network.connection(new URL(call.url).origin, { connectTimeoutMs: timeouts.connect }) : undefined
    // The time-outs of the parts do not end an answer that comes a byte at a time; this does.
    const deadline = AbortSignal.timeout(timeouts.connect + (call.body ? timeouts.upload : timeouts.answer) + timeouts.answer)
    try {
      const signal = AbortSignal.any([call.signal, deadline])
      return await readAnswer(await (single?.dispatcher ?? agent).request({ ...requestOf(call), signal }), maxAnswerBytes)
    } catch (error) {
      const maySent = single?.opened() ?? false
      if (call.signal.aborted && !maySent) throw call.signal.reason
      throw failures.lost(call.step, error, { maySent, late: deadline.aborted })
    } finally {
      await single?.close()
    }
  }

  /** Waits for the limiter; where it turns the call away, nothing was sent. */
  function inTurn<T>(step: Step, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return paced(limiter, signal, work).catch((error: unknown) => {
      if (!(error instanceof Bottleneck.BottleneckError)) throw error
      throw failures.of(step, 'rate_limited', { retryable: true, failoverSafe: step !== 'follow', cause: plainCause(error) })
    })
  }

  async function attempt<T>(call: Call<T>): Promise<T> {
    const foreign = call.credentials === 'none'
    if (!foreign && !isOwn(call.url)) throw failures.of(call.step, 'unavailable')
    const answer = await inTurn(call.step, call.signal, () => exchange(call))
    const value = call.read(answer)
    if (value !== undefined) return value
    // The provider's table says nothing about the storage of somebody else.
    throw foreign
      ? failures.of(call.step, 'unavailable', { httpStatus: answer.status, retryable: true })
      : failures.refused(call.step, answer, call.rejections)
  }

  async function openStream(url: string, signal: AbortSignal): Promise<Dispatcher.ResponseData['body']> {
    const request = requestOf({ method: 'GET', url, signal, headers: { accept: 'text/event-stream' } })
    try {
      const response = await agent.request({ ...request, signal, bodyTimeout: timeouts.silence })
      if (response.statusCode === 200 && flatten(response.headers)['content-type']?.startsWith('text/event-stream')) return response.body
      throw failures.refused('follow', await readAnswer(response, maxAnswerBytes))
    } catch (error) {
      if (error instanceof ProviderError) throw error
      if (signal.aborted) throw signal.reason
      throw failures.lost('follow', error, { maySent: true, late: false })
    }
  }

  return {
    isOwn,
    async send(call) {
      const repeatable = call.step === 'prepare' || (call.step === 'follow' && (call.method === 'GET' || call.readsOnly))
      for (let tries = 1; ; tries++) {
        try {
          return await attempt(call)
        } catch (error) {
          if (!repeatable || tries === maxTries || !(error instanceof ProviderError) || !error.retryable) throw error
          const wait = error.retryAfterMs ?? 500 * 2 ** (tries - 1) * (0.5 + random())
          if (wait > longestWaitMs) throw error
          await clock.sleep(wait, { signal: call.signal })
        }
      }
    },
    async *stream({ url, signal }) {
      if (!isOwn(url)) throw failures.of('follow', 'unavailable')
      const body = await inTurn('follow', signal, () => openStream(url, signal))
      try {
        yield* readEvents(body as AsyncIterable<Uint8Array>)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        // A stream that breaks off says nothing about the job: the caller asks for the status instead.
        if (!isBrokenOff(error)) throw failures.lost('follow', error, { maySent: true, late: false })
      }
    },
  }
}

function isBrokenOff(error: unknown): boolean {
  return error instanceof errors.UndiciError || (error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
}
