import { once } from 'node:events'

import { describe, expect, it } from 'vitest'

import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import { admitCreate, listBlocked, reportBlock } from '../../../src/generations/queue/provider-blocks.ts'
import { probeBlocked } from '../../../src/generations/queue/prober.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { BlockReason } from '../../../src/storage/schema.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { quickProvider } from '../worker/worker-stage.ts'

/** How a free call ends: with an error of a kind, well, with an error of our own, or not before it is stopped. */
type End = ProviderErrorKind | 'well' | 'fault' | 'stopped'

/** One blocked provider whose free calls end like this. */
async function stageOf(store: Store, reason: BlockReason, ends: readonly End[]) {
  const database = await openStore(store)
  const clock = createManualClock(Date.now())
  const { log, lines } = createCapturedLog()
  const left = [...ends]
  const stopping = new AbortController()
  const asked = Promise.withResolvers<undefined>()
  let notified = 0
  const provider: Provider = quickProvider('fal', {
    probe: async ({ signal }) => {
      const end = left.shift() ?? expect.unreachable('no further free call')
      if (end === 'fault') throw new TypeError('a fault of ours')
      if (end === 'stopped') {
        signal.throwIfAborted()
        asked.resolve(undefined)
        await once(signal, 'abort')
        throw signal.reason
      }
      return end === 'well' ? Promise.resolve() : Promise.reject(new ProviderError({ provider: 'fal', kind: end }))
    },
  })
  const context = {
    ...{ database, clock, log, providers: new Map([['fal', provider]]) },
    notifier: { notifyWork: () => void (notified += 1) },
  }
  await reportBlock(context, 'fal', reason, 'create')
  return {
    lines,
    left,
    blocked: async () => (await listBlocked(database.statements)).get('fal'),
    notified: () => notified,
    asked: asked.promise,
    stop: () => stopping.abort(new Error('the worker stops')),
    /** The one create call after a free one: its process dies before it is answered. */
    loseTrial: () => admitCreate(database.statements, 'fal', { now: clock.now() }),
    /** Makes the free call that is due next, whenever that is. */
    probe: async () => {
      await database.statements.updateTable('provider_state').set({ probe_at: 0 }).where('probe_at', 'is not', null).execute()
      await probeBlocked(context, stopping.signal)
    },
  }
}

describe.each(stores)('free calls to a blocked provider on $name', (store) => {
  it('leave it blocked as long as they fail, and let one create call be tried once one succeeds', async () => {
    const stage = await stageOf(store, 'submission_unknown', ['unavailable', 'timeout', 'well'])
    await stage.probe()
    await stage.probe()
    expect(await stage.blocked()).toBe('submission_unknown')
    expect(stage.notified()).toBe(0)
    await stage.probe()
    expect(await stage.blocked()).toBeUndefined()
    expect(stage.notified()).toBe(1)
    expect(stage.left).toEqual([])
  })

  it('tell the operator once that the key or the credit must be mended', async () => {
    const stage = await stageOf(store, 'submission_unknown', ['auth', 'auth'])
    await stage.probe()
    expect(await stage.blocked()).toBe('auth')
    await stage.probe()
    const told = stage.lines.filter((line) => line.includes('provider blocked: check its key and its credit'))
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/"provider":"fal","reason":"auth"/)
  })

  it.each<[BlockReason, BlockReason | undefined]>([
    ['no_credit', 'no_credit'],
    ['submission_unknown', undefined],
    ['unavailable', undefined],
    ['auth', undefined],
  ])('that show an empty account: blocked for %s before, and for %s then', async (reason, expected) => {
    const stage = await stageOf(store, reason, ['no_credit'])
    await stage.probe()
    expect(await stage.blocked()).toBe(expected)
  })

  it.each<BlockReason>(['auth', 'no_credit'])(
    'show again that the operator is needed (%s) after the tried create call got no answer',
    async (reason) => {
      const stage = await stageOf(store, reason, ['well', reason])
      await stage.probe()
      expect(await stage.loseTrial()).toBe('trial')
      expect(await stage.blocked()).toBe('unavailable')
      await stage.probe()
      expect(await stage.blocked()).toBe(reason)
    },
  )

  it('end when the worker stops, and leave the provider blocked', async () => {
    const stage = await stageOf(store, 'unavailable', ['stopped'])
    const probing = stage.probe()
    await Promise.race([stage.asked, probing])
    stage.stop()
    await probing
    expect(stage.lines.join('')).toContain('"kind":"timeout"')
    expect(await stage.blocked()).toBe('unavailable')
    expect(stage.notified()).toBe(0)
  })

  it('report a fault of ours instead of taking it for the provider’s, and leave the provider blocked', async () => {
    const stage = await stageOf(store, 'unavailable', ['fault'])
    await expect(stage.probe()).rejects.toThrow('a fault of ours')
    expect(await stage.blocked()).toBe('unavailable')
  })
})
