import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import type { Status } from '../../../src/providers/provider.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from '../worker/worker-stage.ts'

const price = 350_000
const failed = (billed?: boolean): Status => ({
  state: 'failed',
  error: new ProviderError({ provider: 'fal', kind: 'moderation' }),
  billed,
})

describe.each(stores)('a job that its provider first reports as completed, on $name', (store) => {
  it.each<[string, Status, { reason: string; ledger: string; booked: number }]>([
    ['failed and billed', failed(true), { reason: 'moderation', ledger: 'reserve capture refund', booked: price }],
    ['failed', failed(), { reason: 'moderation', ledger: 'reserve capture refund', booked: price }],
    ['failed and free', failed(false), { reason: 'moderation', ledger: 'reserve capture correction-installation refund', booked: 0 }],
    ['cancelled', { state: 'cancelled' }, { reason: 'unavailable', ledger: 'reserve capture refund', booked: price }],
  ])('and then as %s, is refunded at once', async (_, status, { reason, ledger, booked }) => {
    const database = await openStore(store)
    await acceptGeneration(database)
    // The first names no clip yet, so it is asked for again.
    const statuses: Status[] = [{ state: 'completed' }]
    const fal = quickProvider('fal', { status: () => Promise.resolve(statuses.shift() ?? status) })
    const { worker, seen } = await setUpWorker(database, [fal])
    await worker.start()
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual([`failed: ${reason}`])
    const rows = await database.statements.selectFrom('ledger').select('kind').orderBy('sequence').execute()
    expect(rows.map(({ kind }) => kind).join(' ')).toBe(ledger)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: booked })
  })
})
