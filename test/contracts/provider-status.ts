import { describe, expect, it } from 'vitest'

import type { Operation, Status } from '../../src/providers/provider.ts'
import type { ScriptedAnswer } from '../support/providers/scripted-provider.ts'
import type { ProviderStage } from './provider-stand-in.ts'

/** Polls: repeated while a failure is temporary, and never the reason to use another provider. */
export function describeStatus(stage: ProviderStage): void {
  const { signal } = new AbortController()
  describe('the status', () => {
    const status = (from = stage.provider) => from.status(JSON.parse(JSON.stringify(stage.standIn.operation)) as Operation, { signal })

    it('is pending', async () => {
      stage.standIn.job('pending')
      expect(await status()).toMatchObject({ state: 'pending' })
    })

    it('is completed, with the clip', async () => {
      stage.standIn.job('completed')
      expect(await status()).toMatchObject({ state: 'completed', url: stage.standIn.outputUrl })
    })

    it.each([
      ['failed', 'unavailable'],
      ['refused', 'moderation'],
    ] as const)('is failed (%s)', async (state, kind) => {
      stage.standIn.job(state)
      const outcome = await status()
      expect(outcome).toMatchObject({ state: 'failed', error: { kind, failoverSafe: false } })
      if (outcome.state === 'failed') stage.expectHarmless(outcome.error)
    })

    it('is cancelled', async () => {
      stage.standIn.job('cancelled')
      expect(await status()).toMatchObject({ state: 'cancelled' } satisfies Partial<Status>)
    })

    const passing: [string, ScriptedAnswer | 'unknownState'][] = [
      ['a reset', { fault: 'reset' }],
      ['a truncated response', { json: { status: 'x'.repeat(200) }, fault: 'cut' }],
      ['HTML', { text: '<html>secret</html>' }],
      ['nothing', { text: '' }],
      ['an unknown state', 'unknownState'],
      ['another shape', { json: { id: 'p1', request_id: 'r1', state: 'secret' } }],
      ['404', { status: 404, json: { detail: 'secret' } }],
      ['429', { status: 429, json: { detail: 'secret' } }],
      ['500', { status: 500, json: { detail: 'secret' } }],
      ['502 in HTML', { status: 502, text: '<html>secret</html>' }],
      ['503', { status: 503, text: '' }],
    ]
    it.each(passing)('is polled again after %s', async (_, answerOrName) => {
      const answer = answerOrName === 'unknownState' ? stage.standIn.unknownState : answerOrName
      stage.server.on(stage.standIn.routes.status, answer, answer, stage.standIn.pending)
      expect(await status()).toMatchObject({ state: 'pending' })
      expect(stage.clock.waits).toEqual([500, 1000])
    })

    it.each(passing)('is a temporary error after %s three times', async (_, answerOrName) => {
      const answer = answerOrName === 'unknownState' ? stage.standIn.unknownState : answerOrName
      stage.server.on(stage.standIn.routes.status, answer)
      expect(await stage.failureOf(status())).toMatchObject({ retryable: true, failoverSafe: false })
      expect(stage.server.to(stage.standIn.routes.status)).toHaveLength(3)
    })

    it('is a time-out where the provider does not respond', async () => {
      stage.server.on(stage.standIn.routes.status, { fault: 'hang' })
      expect(await stage.failureOf(status(stage.make(stage.server.origin, { timeouts: { response: 200 } })))).toMatchObject({
        kind: 'timeout',
        retryable: true,
      })
    })

    it.each([
      ['in seconds', () => '3'],
      ['as a date', () => new Date(stage.clock.now() + 3000).toUTCString()],
    ])('waits as long as the provider asks (%s)', async (_, header) => {
      stage.server.on(stage.standIn.routes.status, { status: 429, headers: { 'retry-after': header() }, text: '' })
      expect(await stage.failureOf(status())).toMatchObject({ kind: 'rate_limited', retryAfterMs: 3000 })
      expect(stage.clock.waits).toEqual([3000, 3000])
    })

    it('leaves a long wait to the caller', async () => {
      stage.server.on(stage.standIn.routes.status, { status: 429, headers: { 'retry-after': '120' }, text: '' })
      expect(await stage.failureOf(status())).toMatchObject({ kind: 'rate_limited', retryAfterMs: 120_000 })
      expect(stage.server.requests).toHaveLength(1)
    })

    it('with a bad key is not polled again, and does not fail over', async () => {
      stage.server.on(stage.standIn.routes.status, { status: 401, json: { detail: 'secret' } })
      expect(await stage.failureOf(status())).toMatchObject({ kind: 'auth', retryable: false, failoverSafe: false })
      expect(stage.server.requests).toHaveLength(1)
    })

    it('escapes the id in the path', async () => {
      await stage.failureOf(stage.provider.status({ id: '../../secret?x#y' }, { signal }))
      expect(stage.server.requests).not.toEqual([])
      for (const { path } of stage.server.requests) {
        if (stage.standIn.asksBy === 'path') expect(path).toContain('/..%2F..%2Fsecret%3Fx%23y')
        else expect(path).not.toMatch(/secret|\.\./)
      }
    })
  })
}
