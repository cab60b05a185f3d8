import { describe, expect, it } from 'vitest'

import { closedOrigin, type ScriptedAnswer } from '../support/providers/scripted-provider.ts'
import type { ProviderStage } from './provider-stand-in.ts'

/** The free call that shows whether a provider can be used again. */
export function describeProbe(stage: ProviderStage): void {
  const { signal } = new AbortController()
  describe('a free call', () => {
    const probe = (from = stage.provider) => from.probe({ signal })
    const answers = (answer: ScriptedAnswer) => stage.server.on(stage.standIn.probe.route, answer)

    it('succeeds where the provider is up and accepts the key, and creates nothing', async () => {
      stage.server.on(stage.standIn.probe.route, stage.standIn.probe.up)
      await probe()
      expect(stage.server.requests.map(({ route }) => route)).toEqual([stage.standIn.probe.route])
    })

    it('reports an empty account, where it can be seen', async () => {
      const { route, empty } = stage.standIn.probe
      if (!empty) return
      stage.server.on(route, empty)
      expect(await stage.failureOf(probe())).toMatchObject({ kind: 'no_credit' })
    })

    it('reports a key that is refused', async () => {
      answers({ status: 401, json: { detail: 'secret' } })
      expect(await stage.failureOf(probe())).toMatchObject({ kind: 'auth' })
    })

    it.each<[string, ScriptedAnswer]>([
      ['a reset', { fault: 'reset' }],
      ['500', { status: 500, json: { detail: 'secret' } }],
      ['503', { status: 503, text: '' }],
      ['HTML', { text: '<html>secret</html>' }],
      ['404 in HTML', { status: 404, text: '<html>secret</html>' }],
      ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
    ])('fails for %s', async (_, answer) => {
      answers(answer)
      expect(await stage.failureOf(probe())).toMatchObject({ kind: 'unavailable' })
    })

    it('fails where the provider cannot be reached', async () => {
      expect(await stage.failureOf(probe(stage.make(await closedOrigin())))).toMatchObject({ kind: 'unavailable' })
    })

    it('is aborted on request', async () => {
      answers({ fault: 'hang' })
      const controller = new AbortController()
      const probed = stage.provider.probe({ signal: controller.signal })
      const reason = new Error('shutting down')
      controller.abort(reason)
      await expect(probed).rejects.toBe(reason)
    })
  })
}
