import { describe, expect, it } from 'vitest'

import { closedOrigin, type ScriptedAnswer } from '../support/providers/scripted-provider.ts'
import { image, imageBytes } from './provider-samples.ts'
import type { ProviderStage } from './provider-stand-in.ts'

/** Uploads: safe to repeat, and safe to fail over. */
export function describePreparation(stage: ProviderStage): void {
  const { signal } = new AbortController()
  describe('preparing an image', () => {
    const prepare = (from = stage.provider) => from.prepare(image, { signal })

    it('uploads its bytes and returns a URL', async () => {
      stage.standIn.uploads()
      expect(await prepare()).toEqual({ url: stage.standIn.uploadedAs })
      const uploaded = stage.server.to(stage.standIn.uploadedBy)[0]?.bytes
      expect(uploaded?.includes(imageBytes) || uploaded?.includes(imageBytes.toString('base64'))).toBe(true)
    })

    it.each([
      ['a reset', { fault: 'reset' }],
      ['503', { status: 503 }],
      ['HTML', { text: '<html>secret</html>' }],
    ] as [string, ScriptedAnswer][])('is repeated after %s', async (_, failure) => {
      stage.standIn.uploads(failure)
      await prepare()
      expect(stage.server.to(stage.standIn.routes.upload[0] ?? '')).toHaveLength(2)
    })

    it.each([
      [401, 'auth'],
      [500, 'unavailable'],
    ])('that fails with %i may fail over', async (status, kind) => {
      for (const route of stage.standIn.routes.upload) stage.server.on(route, { status, json: { detail: 'secret' } })
      expect(await stage.failureOf(prepare())).toMatchObject({ kind, failoverSafe: true })
    })

    it('may fail over where the provider cannot be reached', async () => {
      expect(await stage.failureOf(prepare(stage.make(await closedOrigin())))).toMatchObject({ kind: 'unavailable', failoverSafe: true })
    })
  })
}

/** Cancels, where the provider has them. */
export function describeCancel(stage: ProviderStage): void {
  const { signal } = new AbortController()
  describe('a cancel', () => {
    /** The provider's answer to a cancel, and what the adapter makes of it; undefined where the provider has no such call. */
    const cancel = (answer: ScriptedAnswer | undefined) => {
      expect(stage.provider.cancel !== undefined).toBe(stage.standIn.routes.cancel !== undefined)
      if (!stage.provider.cancel || !stage.standIn.routes.cancel || !answer) return undefined
      stage.server.on(stage.standIn.routes.cancel, answer)
      return { outcome: stage.provider.cancel(stage.standIn.operation, { signal }) }
    }

    it('that was accepted leaves the outcome to the status', async () => {
      const cancelled = cancel(stage.standIn.cancelAccepted)
      if (!cancelled) return
      expect(await cancelled.outcome).toBe('unknown')
      expect(stage.server.requests).toHaveLength(1)
    })

    it('that came too late changes nothing', async () => {
      const cancelled = cancel(stage.standIn.cancelTooLate)
      if (cancelled) expect(await cancelled.outcome).toBe('unsupported')
    })

    it('of a job that the provider does not know changes nothing', async () => {
      const cancelled = cancel({ status: 404, json: { status: 'NOT_FOUND' } })
      if (cancelled) expect(await cancelled.outcome).toBe('unsupported')
    })

    it('that did not arrive is a temporary error', async () => {
      const cancelled = cancel({ fault: 'reset' })
      if (!cancelled) return
      expect(await stage.failureOf(cancelled.outcome)).toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: false })
      expect(stage.server.requests).toHaveLength(1)
    })
  })
}
