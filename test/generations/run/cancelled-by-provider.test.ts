import { describe, expect, it } from 'vitest'

import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from '../worker/worker-stage.ts'

const price = 350_000

describe.each(stores)('a job that its provider cancelled although no member asked, on $name', (store) => {
  it.each([
    [false, 'reserve release', 0],
    [true, 'reserve capture refund', price],
    [undefined, 'reserve assumed release-guild', price],
  ])('billed: %s, fails and costs the guild nothing', async (billed, ledger, booked) => {
    const database = await openStore(store)
    await acceptGeneration(database)
    const fal = quickProvider('fal', { status: () => Promise.resolve({ state: 'cancelled', billed }) })
    const { worker, seen } = await setUpWorker(database, [fal])
    await worker.start()
    await expect.poll(() => seen).toEqual(['failed: unavailable'])
    const rows = await database.statements.selectFrom('ledger').select('kind').orderBy('sequence').execute()
    expect(rows.map(({ kind }) => kind).join(' ')).toBe(ledger)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: booked })
  })
})
