import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'

import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import { pauseProvider } from '../../../src/generations/queue/provider-pauses.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import { readQueuedAt } from '../../../src/generations/queue/claim.ts'
import { findRow, transition } from '../../../src/generations/store/generations.ts'
import { type Database, sharedNow } from '../../../src/storage/database.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { hasPostgres, openPlace, openStore, stores, temporaryPostgres } from '../../storage/stores.ts'
import { temporaryDatabase } from '../../support/store/database.ts'
import { claim, claimAll } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const now = Date.UTC(2026, 10, 20, 12)
const roomy: ProviderCapacity = { id: 'fal', concurrency: 3, createsPerMinute: 10_000 }
const owner = 'this-process'

describe.each(stores)('claim on $name', (store) => {
  it('never exceeds the cap, however many processes claim at once', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 20; index += 1) await acceptGeneration(database, { now })
    let running = 0
    for (let claimed: Generation[] | undefined; claimed?.length !== 0; running += claimed.length) {
      const claims = await Promise.all(Array.from({ length: 10 }, () => claim(database, roomy, { owner, now })))
      claimed = claims.flatMap((each) => each.claimed)
      for (const { id } of claimed) await transition(database.statements, { id, owner, state: 'submitting' }, { state: 'rendering' })
    }
    expect(running).toBe(3)
    // Long after any create-rate would allow more: only the cap applies.
    expect((await claim(database, roomy, { owner, now: now + 60_000 })).claimed).toEqual([])
  })

  it('fills only the room that running jobs leave', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 4; index += 1) await acceptGeneration(database, { now })
    for (const { id } of (await claim(database, roomy, { owner, now })).claimed)
      await transition(database.statements, { id, owner, state: 'submitting' }, { state: 'rendering' })
    // Long after any create-rate would allow more, and two create calls may be under way: one job is all that the cap allows.
    expect((await claim(database, roomy, { owner, now: now + 60_000 })).claimed).toHaveLength(1)
  })

  it('takes the oldest of one member first, and only those of its provider', async () => {
    const database = await openStore(store)
    const first = await acceptGeneration(database, { now })
    const other = await acceptGeneration(database, { now, provider: 'replicate' })
    const second = await acceptGeneration(database, { now })
    const { claimed } = await claimAll(database, roomy, { owner, now })
    expect(claimed.map(({ id }) => id)).toEqual([first.id, second.id])
    expect(claimed.map(({ id }) => id)).not.toContain(other.id)
  })

  it('is fair between guilds and, inside one, between members', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 6; index += 1)
      await acceptGeneration(database, { now, guildId: '211111111111111111', memberId: '411111111111111111' })
    await acceptGeneration(database, { now, guildId: '211111111111111111', memberId: '422222222222222222' })
    await acceptGeneration(database, { now, guildId: '222222222222222222', memberId: '433333333333333333' })
    const { claimed } = await claimAll(database, { ...roomy, concurrency: 3 }, { owner, now })
    expect(claimed.map(({ memberId }) => memberId)).toEqual(['411111111111111111', '433333333333333333', '422222222222222222'])
  })

  it('keeps the create-rate across claims and says when the next one is due', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 5; index += 1) await acceptGeneration(database, { now })
    const slow: ProviderCapacity = { id: 'fal', concurrency: 5, createsPerMinute: 6 }
    const first = await claimAll(database, slow, { owner, now })
    expect(first.claimed).toHaveLength(1)
    expect(first.retryAt).toBe(now + 10_000)
    expect((await claim(database, slow, { owner, now: now + 9_999 })).claimed).toHaveLength(0)
    expect((await claim(database, slow, { owner, now: now + 10_000 })).claimed).toHaveLength(1)
  })

  it('is not stopped for long by a clock that was set back', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 2; index += 1) await acceptGeneration(database, { now })
    const slow: ProviderCapacity = { id: 'fal', concurrency: 5, createsPerMinute: 6 }
    await claim(database, slow, { owner, now: now + 86_400_000 })
    expect((await claim(database, slow, { owner, now: now + 10_000 })).claimed).toHaveLength(0)
    expect((await claim(database, slow, { owner, now: now + 20_000 })).claimed).toHaveLength(1)
  })
})

describe.each(stores)('a provider that is paused on $name', (store) => {
  it('gets no create before the pause ends, and the claim says when', async () => {
    const database = await openStore(store)
    await claim(database, roomy, { owner, now })
    await acceptGeneration(database, { now })
    await pauseProvider(database, 'fal', now + 30_000)
    expect(await claim(database, roomy, { owner, now: now + 29_999 })).toEqual({ claimed: [], hasLeft: true, retryAt: now + 30_000 })
    expect((await claim(database, roomy, { owner, now: now + 30_000 })).claimed).toHaveLength(1)
  })

  it('stays paused for the longest pause it asked for', async () => {
    const database = await openStore(store)
    await claim(database, roomy, { owner, now })
    await acceptGeneration(database, { now })
    await pauseProvider(database, 'fal', now + 30_000)
    await pauseProvider(database, 'fal', now + 10_000)
    expect((await claim(database, roomy, { owner, now: now + 10_000 })).retryAt).toBe(now + 30_000)
  })

  it('stays paused for longer if it asks for more', async () => {
    const database = await openStore(store)
    await acceptGeneration(database, { now })
    await pauseProvider(database, 'fal', now + 10_000)
    await pauseProvider(database, 'fal', now + 30_000)
    expect((await claim(database, roomy, { owner, now: now + 10_000 })).retryAt).toBe(now + 30_000)
  })

  it('is paused for what it asks for now, not for what it asked for by a clock that was ahead', async () => {
    const database = await openStore(store)
    await acceptGeneration(database, { now })
    await pauseProvider(database, 'fal', now + 365 * 86_400_000)
    await pauseProvider(database, 'fal', now + 30_000)
    expect((await claim(database, roomy, { owner, now })).retryAt).toBe(now + 30_000)
  })

  it('is not paused for a year by a clock that was ahead for a moment', async () => {
    const database = await openStore(store)
    await claim(database, roomy, { owner, now })
    await acceptGeneration(database, { now })
    await pauseProvider(database, 'fal', now + 365 * 86_400_000)
    expect((await claim(database, roomy, { owner, now })).retryAt).toBe(now + 3_600_000)
  })
})

it.skipIf(!hasPostgres)('rates go by the store’s time where processes share it, whatever their own clocks say', async () => {
  const clock = createManualClock(0)
  const shared = await openPlace({ url: await temporaryPostgres() })
  expect(Math.abs((await sharedNow(shared, clock)) - Date.now())).toBeLessThan(60_000)
  expect(await sharedNow(await temporaryDatabase(), clock)).toBe(0)
})

describe.each(stores)('the fence on $name', (store) => {
  it('lets only the owner write, and only from the expected state', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { now })
    await claim(database, roomy, { owner, now })
    const claimed = { id, state: 'submitting' } as const
    const next = { state: 'rendering' } as const
    await expect(transition(database.statements, { ...claimed, owner: 'another' }, next)).rejects.toBeInstanceOf(LeaseLost)
    await transition(database.statements, { ...claimed, owner }, next)
    await expect(transition(database.statements, { ...claimed, owner }, next)).rejects.toBeInstanceOf(LeaseLost)
  })
})

describe.skipIf(!hasPostgres)('claim beside other connections', () => {
  it('waits for no other process while nothing is queued', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const looked = await database.transaction(async (other) => {
      await other.selectFrom('queue_state').select('served').forUpdate().execute()
      const before = await readQueuedAt(database, createManualClock(0))
      await acceptGeneration(database, { now })
      return [before, await readQueuedAt(database, createManualClock(0))]
    })
    // The store's time, not the process's.
    expect(looked).toEqual([undefined, expect.toSatisfy((moment: number) => Math.abs(moment - Date.now()) < 60_000)])
  })

  it('skips a request that is being cancelled: its money is already released', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const cancelled = await acceptGeneration(database, { now })
    const next = await acceptGeneration(database, { now })
    const claiming = await database.transaction(async (transaction) => {
      await transaction.updateTable('generations').set({ state: 'cancelled' }).where('id', '=', cancelled.id).execute()
      const waiting = claim(database, { ...roomy, concurrency: 1 }, { owner, now })
      await expect.poll(() => countWaitingForLocks(database)).toBe(1)
      return { waiting }
    })
    expect((await claiming.waiting).claimed.map(({ id }) => id)).toEqual([next.id])
    expect(await findRow(database.statements, cancelled.id)).toMatchObject({ state: 'cancelled', owner: null })
  })
})

/** Connections that wait for another one to commit. */
async function countWaitingForLocks({ statements }: Database): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`
    select count(distinct waiter.pid) as waiting from pg_locks waiter
    join pg_locks held on held.pid = waiter.pid and held.relation = 'generations'::regclass
    where not waiter.granted`.execute(statements)
  return rows[0]?.waiting ?? 0
}
