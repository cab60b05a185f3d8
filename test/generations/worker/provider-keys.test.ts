import { describe, expect, it } from 'vitest'

import { missingKeyGraceMs, noteServed, readProviderKeys } from '../../../src/generations/worker/provider-keys.ts'
import { type Database, sharedNow } from '../../../src/storage/database.ts'
import { addWorker } from '../../../src/storage/workers.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { openStore, stores } from '../../storage/stores.ts'

const minute = 60_000
const grace = missingKeyGraceMs + minute

/** This worker has the key of Replicate only. On PostgreSQL a second, younger one has the key of fal. */
async function readKeys(database: Database, { now, startedAt = 0 }: { now: number; startedAt?: number }) {
  await database.statements.updateTable('workers').set({ started_at: startedAt }).where('id', '=', 'this').execute()
  return readProviderKeys(database, { owner: 'this', providers: ['replicate'], startedAt, now })
}

async function join(database: Database, id: string, provider: string): Promise<void> {
  await addWorker(database.statements, database, { id, role: 'worker', providers: [provider] })
}

describe.each(stores)('a provider without a key on $name', (store) => {
  it('is gone ten minutes after it was last served, the first worker started and the request was made', async () => {
    const database = await openStore(store)
    await join(database, 'this', 'replicate')
    const now = await sharedNow(database, createManualClock(Date.now()))
    await noteServed(database.statements, ['fal'], now - grace)
    const long = { now, startedAt: now - grace }
    expect((await readKeys(database, long)).isGone('fal', now - grace)).toBe(true)
    expect((await readKeys(database, long)).isGone('fal', now - 9 * minute)).toBe(false)
    expect((await readKeys(database, { now, startedAt: now - 9 * minute })).isGone('fal', now - grace)).toBe(false)
    await noteServed(database.statements, ['fal'], now - 9 * minute)
    expect((await readKeys(database, long)).isGone('fal', now - grace)).toBe(false)
    expect((await readKeys(database, long)).isGone('replicate', now - grace)).toBe(false)
    // Nobody knows when it was served, and all else is long ago.
    expect((await readKeys(database, long)).isGone('runware', now - grace)).toBe(true)
  })

  it('keeps its jobs from a worker that lacks the key until then', async () => {
    const database = await openStore(store)
    await join(database, 'this', 'replicate')
    const now = await sharedNow(database, createManualClock(Date.now()))
    const old = now - grace
    await noteServed(database.statements, ['fal'], now - 9 * minute)
    const keys = await readKeys(database, { now, startedAt: old })
    expect(keys.mayAdopt({ provider: 'replicate', createdAt: now })).toBe(true)
    expect(keys.mayAdopt({ provider: 'fal', createdAt: old })).toBe(false)
    expect(keys.mayAdopt({ provider: 'runware', createdAt: old })).toBe(true)
  })

  it('is noted as served no more often than every half minute, and a clock that was ahead is corrected', async () => {
    const database = await openStore(store)
    const servedAt = async () =>
      (await database.statements.selectFrom('provider_state').select('served_at').executeTakeFirstOrThrow()).served_at
    const times: number[] = []
    for (const at of [1_000_000, 1_020_000, 1_040_000, 900_000]) {
      await noteServed(database.statements, ['fal'], at)
      times.push(await servedAt())
    }
    expect(times).toEqual([1_000_000, 1_000_000, 1_040_000, 900_000])
  })
})
