import { createHash } from 'node:crypto'
import { inspect } from 'node:util'

import Bottleneck from 'bottleneck'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Image } from '../../src/domain/image.ts'
import type { ClipRequest } from '../../src/domain/clip-request.ts'
import { ProviderError } from '../../src/domain/provider-error.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import type { ProviderDescriptor } from '../../src/providers/descriptor.ts'
import type { ProviderContext } from '../../src/providers/shared/http.ts'
import type { HostedImages, Operation, Provider, Status } from '../../src/providers/provider.ts'
import { describeLostAnswers } from './provider-lost-responses.ts'
import type { MakeStandIn, ProviderStandIn } from './provider-stand-in.ts'
import { describeSubmissions } from './provider-submissions.ts'
import { describeWebhooks } from './provider-webhooks.ts'
import { createInstantClock } from '../support/instant-clock.ts'
import { closedOrigin, type ScriptedAnswer, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts'

const prompt = 'a heron that nobody else has thought of'
const request: ClipRequest = { prompt, durationSeconds: 5 }
const bytes = Buffer.from('\x89PNG\r\n\x1a\nsecret pixels of a member', 'latin1')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const image: Image = { bytes, sha256, mediaType: 'image/png', width: 640, height: 360, sizeBytes: bytes.byteLength }

/** What every provider's adapter promises (`src/providers/provider.ts`), over real sockets. */
export function describeProviderContract(descriptor: ProviderDescriptor, makeStandIn: MakeStandIn): void {
  describe(`${descriptor.id} keeps the provider contract`, () => {
    let network: Network
    let server: ScriptedProvider
    let standIn: ProviderStandIn
    let provider: Provider
    let clock: ReturnType<typeof createInstantClock>
    const make = (origin: string, context: Partial<ProviderContext> = {}) => {
      const origins = Object.fromEntries(Object.keys(descriptor.origins).map((name) => [name, origin]))
      const options = descriptor.options?.parse({}) ?? {}
      return descriptor.create({ apiKey: standIn.key, origins, options }, { network, clock, random: () => 0.5, ...context })
    }
    const { signal } = new AbortController()
    const start = (from = provider, options: { signal?: AbortSignal; webhookUrl?: string } = {}) =>
      from.start(request, {}, { attemptId: 'attempt-1', signal, ...options })

    beforeEach(async () => {
      network = createNetwork({ allowPrivateAddresses: true })
      server = await startScriptedProvider()
      standIn = makeStandIn(server)
      clock = createInstantClock()
      provider = make(server.origin)
      server.on(standIn.routes.submit, standIn.submitted)
    })
    afterEach(async () => {
      await network.close()
      await server[Symbol.asyncDispose]()
    })

    /** The failure of a call, proven to be one that may be logged. */
    async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
      const error = await call.then(
        () => expect.unreachable('the call succeeded'),
        (reason: unknown) => reason,
      )
      if (!(error instanceof ProviderError)) throw error
      expect(error.provider).toBe(provider.id)
      expectHarmless(error)
      return error
    }

    function expectHarmless(error: ProviderError) {
      const everything = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)
      for (const secret of [prompt, standIn.key, 'secret', server.origin.replace('http://', '')]) expect(everything).not.toContain(secret)
    }

    describe('the price', () => {
      it.each([
        [5, 350_000],
        [10, 700_000],
      ] as const)('of %i seconds is %i micro-dollars', (durationSeconds, price) => {
        expect(provider.price({ prompt, durationSeconds })).toBe(price)
      })
    })

    describe('a billable call', () => {
      it('gives an operation that survives being stored', async () => {
        const operation = await start()
        expect(operation).toEqual(standIn.operation)
        expect(JSON.parse(JSON.stringify(operation))).toEqual(operation)
      })

      it('goes over a connection of its own each time', async () => {
        standIn.job('pending')
        await provider.status(standIn.operation, { signal })
        await start()
        await start()
        await provider.status(standIn.operation, { signal })
        expect(new Set(server.to(standIn.routes.submit).map(({ connection }) => connection)).size).toBe(2)
        const follow = new Set(server.to(standIn.routes.status).map(({ connection }) => connection))
        for (const { connection } of server.to(standIn.routes.submit)) expect(follow).not.toContain(connection)
      })

      it('that never reached the provider may be made elsewhere', async () => {
        const error = await failureOf(start(make(await closedOrigin())))
        expect(error).toMatchObject({ kind: 'unavailable', failoverSafe: true })
      })

      it('whose TLS fails before the request is written may be made elsewhere', async () => {
        const error = await failureOf(start(make(server.origin.replace('http:', 'https:'))))
        expect(error).toMatchObject({ kind: 'unavailable', failoverSafe: true })
        expect(server.requests).toEqual([])
      })

      const lost: [string, ScriptedAnswer][] = [
        ['a reset', { fault: 'reset' }],
        ['no answer in time', { fault: 'hang' }],
        ['an answer cut short', { json: { id: 'x'.repeat(200), request_id: 'x'.repeat(200) }, fault: 'cut' }],
        ['an answer without end', { text: '{"id":', fault: 'stall' }],
        ['what is not HTTP', { text: 'secret\r\n\r\nsecret', fault: 'garbage' }],
        ['HTML', { headers: { 'content-type': 'text/html' }, text: '<html>secret</html>' }],
        ['nothing', { text: '' }],
        ['half of a JSON text', { text: '{"id":"secret' }],
        ['JSON of another shape', { json: { secret: [1] } }],
        ['more than an answer can be', { text: `{"id":"${'x'.repeat(2_000_000)}"}` }],
        ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
        ['408', { status: 408, json: { detail: 'secret' } }],
        ['409', { status: 409, json: { detail: 'secret' } }],
        ['500', { status: 500, json: { detail: 'secret' } }],
        ['502 in HTML', { status: 502, text: '<html>secret</html>' }],
        ['503', { status: 503, headers: { 'retry-after': '1' }, text: '' }],
        ['504', { status: 504, json: { detail: 'secret' } }],
      ]
      it.each(lost)('answered by %s is unknown, and not made again', async (_, answer) => {
        server.on(standIn.routes.submit, answer, standIn.submitted)
        const error = await failureOf(start(make(server.origin, { timeouts: { response: 300 } })))
        expect(error).toMatchObject({ kind: 'submission_unknown', failoverSafe: false, retryable: false })
        expect(server.requests).toHaveLength(1)
        expect(clock.waits).toEqual([])
      })

      it.each([400, 401, 402, 403, 404, 413, 422, 429])('refused with %i made no job, whatever the body', async (status) => {
        for (const answer of [{ text: '<html>secret</html>' }, { text: '' }, { json: { detail: 'secret' } }]) {
          server.on(standIn.routes.submit, { status, ...answer }, standIn.submitted)
          const error = await failureOf(start())
          expect(error).toMatchObject({ failoverSafe: true, httpStatus: status })
          expect(error.kind).not.toBe('submission_unknown')
        }
        expect(server.requests).toHaveLength(3)
      })

      it('refused for its content is not tried elsewhere', async () => {
        server.on(standIn.routes.submit, standIn.refusedContent)
        expect(await failureOf(start())).toMatchObject({ kind: 'moderation', failoverSafe: false, retryable: false })
      })

      it('given up before it began is not sent', async () => {
        const reason = new Error('shutting down')
        await expect(start(provider, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
        expect(server.requests).toEqual([])
      })

      it.each([false, true])('given up after it was sent is unknown (limited: %s)', async (limited) => {
        const controller = new AbortController()
        const sender = make(server.origin, { limiter: limited ? new Bottleneck({ maxConcurrent: 1 }) : undefined })
        server.on(standIn.routes.submit, () => {
          controller.abort(new Error('shutting down'))
          return { fault: 'hang' }
        })
        expect(await failureOf(start(sender, { signal: controller.signal }))).toMatchObject({ kind: 'submission_unknown' })
      })

      it('turned away by our own limiter was not sent', async () => {
        const limiter = new Bottleneck({ maxConcurrent: 1, highWater: 0, strategy: Bottleneck.strategy.OVERFLOW })
        const begun = Promise.withResolvers<undefined>()
        const over = Promise.withResolvers<undefined>()
        const busy = limiter.schedule(() => {
          begun.resolve(undefined)
          return over.promise
        })
        await begun.promise
        expect(await failureOf(start(make(server.origin, { limiter })))).toMatchObject({ kind: 'rate_limited', failoverSafe: true })
        expect(server.requests).toEqual([])
        over.resolve(undefined)
        await busy
      })

      it('waiting for the limiter is given up at once', async () => {
        const limiter = new Bottleneck({ maxConcurrent: 1 })
        const over = Promise.withResolvers<undefined>()
        const busy = limiter.schedule(() => over.promise)
        const controller = new AbortController()
        const started = start(make(server.origin, { limiter }), { signal: controller.signal })
        const reason = new Error('shutting down')
        controller.abort(reason)
        await expect(started).rejects.toBe(reason)
        over.resolve(undefined)
        await busy
        expect(server.requests).toEqual([])
      })

      it.each<[string, ClipRequest, HostedImages]>([
        ['the start frame', { ...request, firstFrame: image }, {}],
        ['the last frame', { ...request, firstFrame: image, lastFrame: image }, { firstFrame: { url: 'https://files.example/1' } }],
        ['a start frame before the last', { ...request, lastFrame: image }, { lastFrame: { url: 'https://files.example/1' } }],
      ])('that lacks %s is not sent', async (_, incomplete, images) => {
        const error = await failureOf(provider.start(incomplete, images, { attemptId: 'attempt-1', signal }))
        expect(error).toMatchObject({ kind: 'invalid_input', failoverSafe: true })
        expect(server.requests).toEqual([])
      })

      it('for what the provider cannot do is not sent', async () => {
        if (provider.capabilities.guidance) return
        const error = await failureOf(provider.start({ ...request, guidance: 0.7 }, {}, { attemptId: 'attempt-1', signal }))
        expect(error).toMatchObject({ kind: 'invalid_input', failoverSafe: true })
        expect(server.requests).toEqual([])
      })
    })

    describe('the status', () => {
      const status = (from = provider) => from.status(JSON.parse(JSON.stringify(standIn.operation)) as Operation, { signal })

      it('is pending', async () => {
        standIn.job('pending')
        expect(await status()).toMatchObject({ state: 'pending' })
      })

      it('is completed, with the clip', async () => {
        standIn.job('completed')
        expect(await status()).toMatchObject({ state: 'completed', url: standIn.outputUrl })
      })

      it.each([
        ['failed', 'unavailable'],
        ['refused', 'moderation'],
      ] as const)('is failed (%s)', async (state, kind) => {
        standIn.job(state)
        const outcome = await status()
        expect(outcome).toMatchObject({ state: 'failed', error: { kind, failoverSafe: false } })
        if (outcome.state === 'failed') expectHarmless(outcome.error)
      })

      it('is cancelled', async () => {
        standIn.job('cancelled')
        expect(await status()).toMatchObject({ state: 'cancelled' } satisfies Partial<Status>)
      })

      const passing: [string, ScriptedAnswer | 'unknownState'][] = [
        ['a reset', { fault: 'reset' }],
        ['an answer cut short', { json: { status: 'x'.repeat(200) }, fault: 'cut' }],
        ['HTML', { text: '<html>secret</html>' }],
        ['nothing', { text: '' }],
        ['a state that nobody knows', 'unknownState'],
        ['another shape', { json: { id: 'p1', request_id: 'r1', state: 'secret' } }],
        ['404', { status: 404, json: { detail: 'secret' } }],
        ['429', { status: 429, json: { detail: 'secret' } }],
        ['500', { status: 500, json: { detail: 'secret' } }],
        ['502 in HTML', { status: 502, text: '<html>secret</html>' }],
        ['503', { status: 503, text: '' }],
      ]
      it.each(passing)('is asked for again after %s', async (_, answerOrName) => {
        const answer = answerOrName === 'unknownState' ? standIn.unknownState : answerOrName
        server.on(standIn.routes.status, answer, answer, standIn.pending)
        expect(await status()).toMatchObject({ state: 'pending' })
        expect(clock.waits).toEqual([500, 1000])
      })

      it.each(passing)('is an error that passes, after %s three times', async (_, answerOrName) => {
        const answer = answerOrName === 'unknownState' ? standIn.unknownState : answerOrName
        server.on(standIn.routes.status, answer)
        expect(await failureOf(status())).toMatchObject({ retryable: true, failoverSafe: false })
        expect(server.to(standIn.routes.status)).toHaveLength(3)
      })

      it('is told as a time-out where the provider does not answer', async () => {
        server.on(standIn.routes.status, { fault: 'hang' })
        expect(await failureOf(status(make(server.origin, { timeouts: { response: 200 } })))).toMatchObject({
          kind: 'timeout',
          retryable: true,
        })
      })

      it.each([
        ['in seconds', () => '3'],
        ['as a date', () => new Date(clock.now() + 3000).toUTCString()],
      ])('waits as long as the provider asks (%s)', async (_, header) => {
        server.on(standIn.routes.status, { status: 429, headers: { 'retry-after': header() }, text: '' })
        expect(await failureOf(status())).toMatchObject({ kind: 'rate_limited', retryAfterMs: 3000 })
        expect(clock.waits).toEqual([3000, 3000])
      })

      it('leaves a long wait to the caller', async () => {
        server.on(standIn.routes.status, { status: 429, headers: { 'retry-after': '120' }, text: '' })
        expect(await failureOf(status())).toMatchObject({ kind: 'rate_limited', retryAfterMs: 120_000 })
        expect(server.requests).toHaveLength(1)
      })

      it('with a bad key is not asked for again, and leads to no other provider', async () => {
        server.on(standIn.routes.status, { status: 401, json: { detail: 'secret' } })
        expect(await failureOf(status())).toMatchObject({ kind: 'auth', retryable: false, failoverSafe: false })
        expect(server.requests).toHaveLength(1)
      })

      it('is asked for by an id that cannot lead out of its place', async () => {
        await failureOf(provider.status({ id: '../../secret?x#y' }, { signal }))
        expect(server.requests).not.toEqual([])
        for (const { path } of server.requests) {
          if (standIn.asksBy === 'path') expect(path).toContain('/..%2F..%2Fsecret%3Fx%23y')
          else expect(path).not.toMatch(/secret|\.\./)
        }
      })
    })

    describe('preparing an image', () => {
      const prepare = (from = provider) => from.prepare(image, { signal })

      it('hands over its bytes and gets a URL', async () => {
        standIn.uploads()
        expect(await prepare()).toEqual({ url: standIn.uploadedAs })
        const uploaded = server.to(standIn.uploadedBy)[0]?.bytes
        expect(uploaded?.includes(bytes) || uploaded?.includes(bytes.toString('base64'))).toBe(true)
      })

      it.each([
        ['a reset', { fault: 'reset' }],
        ['503', { status: 503 }],
        ['HTML', { text: '<html>secret</html>' }],
      ] as [string, ScriptedAnswer][])('is repeated after %s', async (_, failure) => {
        standIn.uploads(failure)
        await prepare()
        expect(server.to(standIn.routes.upload[0] ?? '')).toHaveLength(2)
      })

      it.each([
        [401, 'auth'],
        [500, 'unavailable'],
      ])('that fails with %i leaves other providers open', async (status, kind) => {
        for (const route of standIn.routes.upload) server.on(route, { status, json: { detail: 'secret' } })
        expect(await failureOf(prepare())).toMatchObject({ kind, failoverSafe: true })
      })

      it('where the provider cannot be reached leaves other providers open', async () => {
        expect(await failureOf(prepare(make(await closedOrigin())))).toMatchObject({ kind: 'unavailable', failoverSafe: true })
      })
    })

    describe('a cancel', () => {
      /** The provider's answer to a cancel, and what the adapter makes of it; undefined where the provider has no such call. */
      const cancel = (answer: ScriptedAnswer | undefined) => {
        expect(provider.cancel !== undefined).toBe(standIn.routes.cancel !== undefined)
        if (!provider.cancel || !standIn.routes.cancel || !answer) return undefined
        server.on(standIn.routes.cancel, answer)
        return { outcome: provider.cancel(standIn.operation, { signal }) }
      }

      it('that was accepted leaves the last word to the status', async () => {
        const cancelled = cancel(standIn.cancelAccepted)
        if (!cancelled) return
        expect(await cancelled.outcome).toBe('unknown')
        expect(server.requests).toHaveLength(1)
      })

      it('that came too late changes nothing', async () => {
        const cancelled = cancel(standIn.cancelTooLate)
        if (cancelled) expect(await cancelled.outcome).toBe('unsupported')
      })

      it('of a job that the provider does not know changes nothing', async () => {
        const cancelled = cancel({ status: 404, json: { status: 'NOT_FOUND' } })
        if (cancelled) expect(await cancelled.outcome).toBe('unsupported')
      })

      it('that did not get through is an error to be tried again', async () => {
        const cancelled = cancel({ fault: 'reset' })
        if (!cancelled) return
        expect(await failureOf(cancelled.outcome)).toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: false })
        expect(server.requests).toHaveLength(1)
      })
    })

    describeSubmissions(() => ({ server, provider, standIn }))
    describeWebhooks(() => ({ server, provider, standIn }))
    describeLostAnswers(() => ({ server, provider, standIn }))

    it('sends the key with every call to the provider, and nowhere else', async () => {
      standIn.uploads()
      standIn.job('completed')
      if (standIn.routes.cancel && standIn.cancelAccepted) server.on(standIn.routes.cancel, standIn.cancelAccepted)
      await provider.prepare(image, { signal })
      await start()
      await provider.status(standIn.operation, { signal })
      await provider.cancel?.(standIn.operation, { signal })
      const ticketed = standIn.routes.upload.slice(1)
      expect(server.requests.length).toBeGreaterThan(2)
      for (const { route, headers } of server.requests) {
        const isTicketed = ticketed.includes(route)
        expect(headers.authorization?.includes(standIn.key) ?? false).toBe(!isTicketed)
        expect(JSON.stringify(headers).includes(standIn.key)).toBe(!isTicketed)
      }
    })
  })
}
