import { describe, expect, it } from 'vitest'

import type { PrintedCost } from '../../../src/providers/provider.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from '../worker/worker-stage.ts'

const dearest = 400_000
const listed = 350_000

describe.each(stores)('a clip of a provider that is cheaper than the dearest, on $name', (store) => {
  it.each<[string, PrintedCost | undefined, number]>([
    ['tells nothing', undefined, listed],
    ['tells its listed price', { printed: 0.35, unit: 1_000_000 }, listed],
    ['tells what the dearest costs', { printed: '0.40', unit: 1_000_000 }, dearest],
    ['tells something impossible', { printed: 1e19, unit: 1_000_000 }, listed],
  ])('%s: the guild pays what it saw, the installation what it costs', async (_, cost, spent) => {
    const database = await openStore(store)
    await acceptGeneration(database, { price: dearest })
    const fal = quickProvider('fal', { status: () => Promise.resolve({ state: 'completed', url: 'https://x.example/a.mp4', cost }) })
    const { worker, seen } = await setUpWorker(database, [fal])
    await worker.start()
    await expect.poll(() => seen).toEqual(['post'])
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: dearest })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent })
  })
})
