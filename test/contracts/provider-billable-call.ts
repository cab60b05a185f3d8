import Bottleneck from 'bottleneck'
import { describe, expect, it } from 'vitest'

import type { ClipRequest } from '../../src/domain/clip-request.ts'
import type { HostedImages } from '../../src/providers/provider.ts'
import { closedOrigin, type ScriptedAnswer } from '../support/providers/scripted-provider.ts'
import { image, request } from './provider-samples.ts'
import type { ProviderStage } from './provider-stand-in.ts'

/** The create call: sent once, over its own connection, and failed over only where it is certain that there is no job. */
export function describeBillableCall(stage: ProviderStage): void {
  const { signal } = new AbortController()
  describe('a billable call', () => {
    it('returns an operation that survives storage', async () => {
      const operation = await stage.start()
      expect(operation).toEqual(stage.standIn.operation)
      expect(JSON.parse(JSON.stringify(operation))).toEqual(operation)
    })

    it('uses its own connection each time', async () => {
      stage.standIn.job('pending')
      await stage.provider.status(stage.standIn.operation, { signal })
      await stage.start()
      await stage.start()
      await stage.provider.status(stage.standIn.operation, { signal })
      expect(new Set(stage.server.to(stage.standIn.routes.submit).map(({ connection }) => connection)).size).toBe(2)
      const follow = new Set(stage.server.to(stage.standIn.routes.status).map(({ connection }) => connection))
      for (const { connection } of stage.server.to(stage.standIn.routes.submit)) expect(follow).not.toContain(connection)
    })

    it('that never reached the provider may fail over', async () => {
      const error = await stage.failureOf(stage.start(stage.make(await closedOrigin())))
      expect(error).toMatchObject({ kind: 'unavailable', failoverSafe: true })
    })

    it('whose TLS fails before the request is written may fail over', async () => {
      const error = await stage.failureOf(stage.start(stage.make(stage.server.origin.replace('http:', 'https:'))))
      expect(error).toMatchObject({ kind: 'unavailable', failoverSafe: true })
      expect(stage.server.requests).toEqual([])
    })

    const lost: [string, ScriptedAnswer][] = [
      ['a reset', { fault: 'reset' }],
      ['no response in time', { fault: 'hang' }],
      ['a truncated response', { json: { id: 'x'.repeat(200), request_id: 'x'.repeat(200) }, fault: 'cut' }],
      ['an endless response', { text: '{"id":', fault: 'stall' }],
      ['garbage instead of HTTP', { text: 'secret\r\n\r\nsecret', fault: 'garbage' }],
      ['HTML', { headers: { 'content-type': 'text/html' }, text: '<html>secret</html>' }],
      ['nothing', { text: '' }],
      ['half of a JSON text', { text: '{"id":"secret' }],
      ['JSON of another shape', { json: { secret: [1] } }],
      ['a response that is too large', { text: `{"id":"${'x'.repeat(2_000_000)}"}` }],
      ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
      ['408', { status: 408, json: { detail: 'secret' } }],
      ['409', { status: 409, json: { detail: 'secret' } }],
    ]
    it.each(lost)('answered by %s is unknown, and not repeated', async (_, answer) => {
      stage.server.on(stage.standIn.routes.submit, answer, stage.standIn.submitted)
      const error = await stage.failureOf(stage.start(stage.make(stage.server.origin, { timeouts: { response: 300 } })))
      expect(error).toMatchObject({ kind: 'submission_unknown', failoverSafe: false, retryable: false })
      expect(stage.server.requests).toHaveLength(1)
      expect(stage.clock.waits).toEqual([])
    })

    const serverErrors: [string, ScriptedAnswer][] = [
      ['500', { status: 500, json: { detail: 'secret' } }],
      ['502 in HTML', { status: 502, text: '<html>secret</html>' }],
      ['503', { status: 503, text: '' }],
      // A gateway sends it as well, in front of a provider that took the job.
      ['503 with the time to send it again', { status: 503, headers: { 'retry-after': '7' }, text: '' }],
      ['504', { status: 504, json: { detail: 'secret' } }],
    ]
    it.each(serverErrors)('answered by %s is unknown unless the provider never bills it, and not repeated', async (_, answer) => {
      stage.server.on(stage.standIn.routes.submit, answer, stage.standIn.submitted)
      const error = await stage.failureOf(stage.start())
      const isFree = stage.standIn.serverErrorsAreFree ?? false
      expect(error).toMatchObject({ failoverSafe: isFree, retryable: false, httpStatus: answer.status })
      expect(error.kind === 'submission_unknown').toBe(!isFree)
      expect(stage.server.requests).toHaveLength(1)
    })

    it.each([400, 401, 402, 403, 404, 413, 422, 429])('refused with %i made no job, whatever the body', async (status) => {
      for (const answer of [{ text: '<html>secret</html>' }, { text: '' }, { json: { detail: 'secret' } }]) {
        stage.server.on(stage.standIn.routes.submit, { status, ...answer }, stage.standIn.submitted)
        const error = await stage.failureOf(stage.start())
        expect(error).toMatchObject({ failoverSafe: true, httpStatus: status })
        expect(error.kind).not.toBe('submission_unknown')
      }
      expect(stage.server.requests).toHaveLength(3)
    })

    it('refused for its content does not fail over', async () => {
      stage.server.on(stage.standIn.routes.submit, stage.standIn.refusedContent)
      expect(await stage.failureOf(stage.start())).toMatchObject({ kind: 'moderation', failoverSafe: false, retryable: false })
    })

    it('aborted before it began is not sent', async () => {
      const reason = new Error('shutting down')
      await expect(stage.start(stage.provider, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(stage.server.requests).toEqual([])
    })

    it.each([false, true])('aborted after it was sent is unknown (limited: %s)', async (limited) => {
      const controller = new AbortController()
      const sender = stage.make(stage.server.origin, { limiter: limited ? new Bottleneck({ maxConcurrent: 1 }) : undefined })
      stage.server.on(stage.standIn.routes.submit, () => {
        controller.abort(new Error('shutting down'))
        return { fault: 'hang' }
      })
      expect(await stage.failureOf(stage.start(sender, { signal: controller.signal }))).toMatchObject({ kind: 'submission_unknown' })
    })

    it('rejected by our own limiter was not sent', async () => {
      const limiter = new Bottleneck({ maxConcurrent: 1, highWater: 0, strategy: Bottleneck.strategy.OVERFLOW })
      const begun = Promise.withResolvers<undefined>()
      const over = Promise.withResolvers<undefined>()
      const busy = limiter.schedule(() => {
        begun.resolve(undefined)
        return over.promise
      })
      await begun.promise
      expect(await stage.failureOf(stage.start(stage.make(stage.server.origin, { limiter })))).toMatchObject({
        kind: 'rate_limited',
        failoverSafe: true,
      })
      expect(stage.server.requests).toEqual([])
      over.resolve(undefined)
      await busy
    })

    it('waiting for the limiter is aborted at once', async () => {
      const limiter = new Bottleneck({ maxConcurrent: 1 })
      const over = Promise.withResolvers<undefined>()
      const busy = limiter.schedule(() => over.promise)
      const controller = new AbortController()
      const started = stage.start(stage.make(stage.server.origin, { limiter }), { signal: controller.signal })
      const reason = new Error('shutting down')
      controller.abort(reason)
      await expect(started).rejects.toBe(reason)
      over.resolve(undefined)
      await busy
      expect(stage.server.requests).toEqual([])
    })

    it.each<[string, ClipRequest, HostedImages]>([
      ['the start frame', { ...request, firstFrame: image }, {}],
      ['the last frame', { ...request, firstFrame: image, lastFrame: image }, { firstFrame: { url: 'https://files.example/1' } }],
      ['a start frame before the last', { ...request, lastFrame: image }, { lastFrame: { url: 'https://files.example/1' } }],
    ])('that lacks %s is not sent', async (_, incomplete, images) => {
      const error = await stage.failureOf(stage.provider.start(incomplete, images, { attemptId: 'attempt-1', signal }))
      expect(error).toMatchObject({ kind: 'invalid_input', failoverSafe: true })
      expect(stage.server.requests).toEqual([])
    })

    it('for what the provider cannot do is not sent', async () => {
      if (stage.provider.capabilities.guidance) return
      const error = await stage.failureOf(stage.provider.start({ ...request, guidance: 0.7 }, {}, { attemptId: 'attempt-1', signal }))
      expect(error).toMatchObject({ kind: 'invalid_input', failoverSafe: true })
      expect(stage.server.requests).toEqual([])
    })
  })
}
