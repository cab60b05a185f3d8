import { once } from 'node:events'

import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'

import { type Lease, takeLease } from '../../../src/generations/worker/lease.ts'
import { createLog } from '../../../src/lib/log.ts'
import type { Database } from '../../../src/storage/database.ts'
import { hasPostgres, openPlace, openStore, stores, temporaryPostgres } from '../../storage/stores.ts'

const log = createLog({ level: 'silent' })
const heartbeatMs = 20
/** Where the test waits for the expiry; elsewhere no machine is so busy that the lease expires. */
const soon = { expiryMs: 600 }

async function lease(
  database: Database,
  owner: string,
  { onHeartbeat = () => undefined, replaces, expiryMs = 600_000 }: { onHeartbeat?: () => void; replaces?: string; expiryMs?: number } = {},
) {
  const times = { heartbeatMs, expiryMs }
  const taken: Lease = await takeLease(database, { owner, replaces, role: 'worker', providers: ['fal'], times, onHeartbeat, log })
  onTestFinished(() => taken.end())
  return taken
}

async function workers(database: Database): Promise<string[]> {
  return (await database.statements.selectFrom('workers').select('id').orderBy('id').execute()).map(({ id }) => id)
}

async function heartbeatOf(database: Database, id: string): Promise<number> {
  const row = await database.statements.selectFrom('workers').select('heartbeat_at').where('id', '=', id).executeTakeFirstOrThrow()
  return row.heartbeat_at
}

describe.skipIf(!hasPostgres)('a lease on a shared store', () => {
  it('lasts as long as heartbeats arrive, and ends with the worker’s row', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const thirdHeartbeat = Promise.withResolvers<undefined>()
    let count = 0
    const taken = await lease(database, 'one', { onHeartbeat: () => (count += 1) === 3 && thirdHeartbeat.resolve(undefined) })
    const first = await heartbeatOf(database, 'one')
    await thirdHeartbeat.promise
    expect(await heartbeatOf(database, 'one')).toBeGreaterThan(first)
    expect(taken.lost.aborted).toBe(false)
    await taken.end()
    expect(await workers(database)).toEqual([])
    expect(taken.lost.aborted).toBe(false)
  })

  it('is lost as soon as another process removes the worker', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const taken = await lease(database, 'one')
    const lost = once(taken.lost, 'abort')
    await database.statements.deleteFrom('workers').execute()
    await lost
  })

  it('is lost when no heartbeat arrives in time, although the row is still there', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const taken = await lease(database, 'one', soon)
    const lost = once(taken.lost, 'abort')
    await sql`alter table workers rename to elsewhere`.execute(database.statements)
    await lost
    await sql`alter table elsewhere rename to workers`.execute(database.statements)
    const next = await lease(database, 'two', { replaces: 'one' })
    expect(await workers(database)).toEqual(['two'])
    expect(next.lost.aborted).toBe(false)
  })

  it('is lost in time even when a heartbeat hangs', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const taken = await lease(database, 'one', soon)
    const lost = once(taken.lost, 'abort')
    await database.transaction(async (transaction) => {
      await transaction.selectFrom('workers').selectAll().forUpdate().execute()
      await lost
    })
  })
})

it('a lease on a store of our own never expires and leaves no row', async () => {
  const [sqlite] = stores
  if (!sqlite) expect.unreachable()
  const database = await openStore(sqlite)
  const taken = await lease(database, 'one')
  expect(await workers(database)).toEqual([])
  expect(taken.lost.aborted).toBe(false)
})
