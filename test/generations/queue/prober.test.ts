import { describe, expect, it } from 'vitest'

import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import { listBlocked, reportBlock } from '../../../src/generations/queue/provider-blocks.ts'
import { probeBlocked } from '../../../src/generations/queue/prober.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { BlockReason } from '../../../src/storage/schema.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { quickProvider } from '../worker/worker-stage.ts'

const { signal } = new AbortController()

/** One blocked provider whose free calls end like this: with an error of a kind, or well. */
async function stageOf(store: Store, reason: BlockReason, ends: readonly (ProviderErrorKind | 'well')[]) {
  const database = await openStore(store)
  const clock = createManualClock(Date.now())
  const { log, lines } = createCapturedLog()
  const left = [...ends]
  let notified = 0
  const provider: Provider = quickProvider('fal', {
    probe: () => {
      const end = left.shift() ?? expect.unreachable('no further free call')
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
    /** Makes the free call that is due next, whenever that is. */
    probe: async () => {
      await database.statements.updateTable('provider_state').set({ probe_at: 0 }).where('probe_at', 'is not', null).execute()
      await probeBlocked(context, signal)
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
})
