import { describe, expect, it } from 'vitest'

import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import { adoptAll, adoptOrphans, listOwned, returnClaims } from '../../../src/generations/worker/orphans.ts'
import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { findRow, transition } from '../../../src/generations/store/generations.ts'
import type { Database } from '../../../src/storage/database.ts'
import { addWorker } from '../../../src/storage/workers.ts'
import { hasPostgres, openPlace, openStore, stores, temporaryPostgres } from '../../storage/stores.ts'
import { claimAll } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const provider: ProviderCapacity = { id: 'fal', concurrency: 10, createsPerMinute: 10_000 }
const expiryMs = 15_000

const anything = () => true

function adopt(database: Database, owner: string): Promise<Generation[]> {
  return adoptOrphans(database, { owner, mayAdopt: anything, expiryMs })
}

async function join(database: Database, id: string): Promise<void> {
  await addWorker(database.statements, database, { id, role: 'worker', providers: ['fal'] })
}

/** As if its last heartbeat were this old. */
async function fallSilent(database: Database, id: string, milliseconds: number): Promise<void> {
  await database.statements
    .updateTable('workers')
    .set((worker) => ({ heartbeat_at: worker('heartbeat_at', '-', milliseconds) }))
    .where('id', '=', id)
    .execute()
}

async function claimedBy(database: Database, owner: string, count: number): Promise<string[]> {
  const now = Date.now()
  for (let index = 0; index < count; index += 1) await acceptGeneration(database, { now })
  return (await claimAll(database, provider, { owner, now })).claimed.map(({ id }) => id)
}

describe.each(stores)('orphans on $name', (store) => {
  it('of a silent worker are adopted exactly once, however many workers try', async () => {
    const database = await openStore(store)
    for (const id of ['dead', 'first', 'second']) await join(database, id)
    const ids = await claimedBy(database, 'dead', 5)
    await fallSilent(database, 'dead', expiryMs + 1000)
    const owners = ['first', 'second', 'first', 'second']
    const adopted = await Promise.all(owners.map((owner) => adopt(database, owner)))
    expect(adopted.flatMap((each) => each.map(({ id }) => id)).sort()).toEqual(ids.sort())
  })

  it('exclude clips of a live worker, queued requests and finished ones', async () => {
    const database = await openStore(store)
    for (const id of ['alive', 'other']) await join(database, id)
    const [clip = ''] = await claimedBy(database, 'alive', 1)
    await fallSilent(database, 'alive', expiryMs - 3000)
    await acceptGeneration(database, { provider: 'replicate' })
    expect(await adopt(database, 'other')).toEqual([])
    await transition(database.statements, { id: clip, owner: 'alive', state: 'rendering' }, { state: 'failed' })
    await fallSilent(database, 'alive', expiryMs)
    expect(await adopt(database, 'other')).toEqual([])
  })

  it('include claims of a worker that does not know yet that it is considered dead', async () => {
    const database = await openStore(store)
    for (const id of ['late', 'other']) await join(database, id)
    await fallSilent(database, 'late', expiryMs + 1000)
    expect(await adopt(database, 'other')).toEqual([])
    const ids = await claimedBy(database, 'late', 1)
    expect((await adopt(database, 'other')).map(({ id }) => id)).toEqual(ids)
  })

  it('are not adopted by a worker that is considered dead: they would include its own clips', async () => {
    const database = await openStore(store)
    for (const id of ['late', 'other']) await join(database, id)
    await claimedBy(database, 'late', 1)
    await fallSilent(database, 'late', expiryMs + 1000)
    await adopt(database, 'other')
    await expect(adopt(database, 'late')).rejects.toBeInstanceOf(LeaseLost)
  })

  it('appear at once when a worker returns its claims', async () => {
    const database = await openStore(store)
    for (const id of ['leaving', 'other']) await join(database, id)
    const [clip = ''] = await claimedBy(database, 'leaving', 1)
    await returnClaims(database, 'leaving')
    expect(await findRow(database.statements, clip)).toMatchObject({ state: 'rendering', owner: null })
    expect((await adopt(database, 'other')).map(({ id }) => id)).toEqual([clip])
  })

  it('of our own name are only those that do not run here', async () => {
    const database = await openStore(store)
    const ids = await claimedBy(database, 'own', 3)
    await claimedBy(database, 'other', 1)
    const [first = '', ...others] = ids
    expect((await listOwned(database, 'own', new Set([first]))).map(({ id }) => id).sort()).toEqual(others.sort())
    expect(await listOwned(database, 'own', new Set(ids))).toEqual([])
  })

  it('are all unfinished generations, for the only process of a store', async () => {
    const database = await openStore(store)
    const ids = await claimedBy(database, 'before', 2)
    expect((await adoptAll(database, { owner: 'now', mayAdopt: anything })).map(({ id }) => id).sort()).toEqual(ids.sort())
  })
})

describe.skipIf(!hasPostgres)('a worker that stalls in the middle of a transaction', () => {
  it('does not block the adoption of other orphans, nor heartbeats', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    await join(database, 'still')
    await join(database, 'alive')
    const [locked = '', other = ''] = await claimedBy(database, 'still', 2)
    await database.statements.updateTable('workers').set({ heartbeat_at: 0 }).where('id', '=', 'still').execute()
    const adopted = await database.transaction(async (stalled) => {
      await stalled.updateTable('generations').set({ message_id: '1' }).where('id', '=', locked).execute()
      return adopt(database, 'alive')
    })
    expect(adopted.map(({ id }) => id)).toEqual([other])
    expect((await adopt(database, 'alive')).map(({ id }) => id)).toEqual([locked])
  })
})
