import { describe, expect, it } from 'vitest'

import type { Generation } from '../../../src/generations/model/generation.ts'
import { readQueuePositions } from '../../../src/generations/positions/queue-positions.ts'
import { type QueuedRequest, readQueuedAfter, readTurn } from '../../../src/generations/positions/queued-requests.ts'
import type { Database } from '../../../src/storage/database.ts'
import { StoredRowError } from '../../../src/storage/json-columns.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { claim, claimAll } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { acceptSome } from '../../support/store/mixed-queue.ts'

const now = Date.parse('2026-05-04T12:00:00Z')
const minute = 60_000
const providers = [
  { id: 'fal', concurrency: 2, createsPerMinute: 1_000_000 },
  { id: 'replicate', concurrency: 3, createsPerMinute: 1_000_000 },
] as const
const estimates = { runMs: (id: string) => (id === 'fal' ? minute : 3 * minute) }
const front = 100
const whole = { createdAt: -1, id: '' }

const read = (database: Database) => readQueuePositions(database, { providers, estimates, now })
const asQueued = (generation: Generation): QueuedRequest => ({ ...generation, clip: generation.request })

describe.each(stores)('in a queue that is longer than its front on $name', (store) => {
  it('the place of every request is the one in which it is served', async () => {
    const database = await openStore(store)
    await acceptSome(database, 12, { seed: 3, now })
    await claimAll(database, { ...providers[0], concurrency: 5 }, { owner: 'worker', now })
    await acceptSome(database, 130, { seed: 4, now })
    const positions = await read(database)
    expect([positions.length, positions.counted, positions.front.length]).toEqual([137, 142, front])
    const pages = [await readQueuedAfter(database, whole, 100)]
    pages.push(await readQueuedAfter(database, pages[0]?.at(-1) ?? whole, 100))
    expect(pages.map(({ length }) => length)).toEqual([100, 37])
    const places = new Map(pages.flat().map((request) => [request.id, positions.positionOf(request, request.earlier)?.ahead]))
    const { claimed } = await claimAll(database, { ...providers[0], concurrency: 1000 }, { owner: 'worker', now })
    expect(claimed.map(({ id }) => places.get(id))).toEqual(claimed.map((_, index) => index))
    expect(positions.front.map(({ id }) => id)).toEqual(claimed.slice(0, front).map(({ id }) => id))
  })

  it('a request behind the front is expected at the pace of its providers', async () => {
    const database = await openStore(store)
    const accepted = await acceptSome(database, 160, { seed: 5, now })
    for (const [index, { id }] of accepted.entries()) {
      const candidates = index % 4 === 0 ? '["fal"]' : '["fal","replicate"]'
      await database.statements.updateTable('generations').set({ candidates }).where('id', '=', id).execute()
    }
    const positions = await read(database)
    const last = (candidates: string[]) => {
      const request = { ...asQueued(accepted[159] ?? expect.unreachable('it was accepted')), candidates }
      return positions.positionOf(request, 1000) ?? expect.unreachable('its member waits')
    }
    // Three in a minute: two at fal and one at Replicate.
    const both = last(['fal', 'replicate'])
    expect((both.readyAt ?? 0) - now).toBeGreaterThan(((both.ahead - 6) / 3) * minute)
    expect((both.readyAt ?? 0) - now).toBeLessThan(((both.ahead + 12) / 3) * minute)
    expect(last(['runware'])).toEqual({ id: both.id, ahead: both.ahead, readyAt: undefined })
    // The order of the candidates decides nothing here, but what only one provider can make must wait for it.
    for (const { id } of accepted)
      await database.statements.updateTable('generations').set({ candidates: '["fal"]' }).where('id', '=', id).execute()
    const alone = (await read(database)).positionOf(
      { ...asQueued(accepted[159] ?? expect.unreachable('the same')), candidates: ['fal'] },
      1000,
    )
    expect(((alone?.readyAt ?? 0) - now) / minute).toBeCloseTo(((alone?.ahead ?? 0) + 2) / 2, 0)
  })

  it('what is set aside is on no page, and comes before nobody', async () => {
    const database = await openStore(store)
    const [first, second] = [await acceptGeneration(database, { now }), await acceptGeneration(database, { now })]
    expect((await readQueuedAfter(database, whole, 10)).map(({ id, earlier }) => [id, earlier])).toEqual([
      [first.id, 0],
      [second.id, 1],
    ])
    database.setAside.add(first.id, new StoredRowError('generations.request'))
    expect((await readQueuedAfter(database, whole, 10)).map(({ id, earlier }) => [id, earlier])).toEqual([[second.id, 0]])
  })
})

describe.each(stores)('a request that was accepted after the queue was read on $name', (store) => {
  it('comes after those that were counted, and is counted once', async () => {
    const database = await openStore(store)
    await acceptGeneration(database, { now })
    const other = await acceptGeneration(database, { now, guildId: '2009', memberId: '4009' })
    const positions = await read(database)
    const turns = { guildServed: 0, memberServed: 0 }
    const add = async (wanted: { guildId?: string; memberId?: string }, earlier = 0) => {
      const accepted = await acceptGeneration(database, { now, ...wanted })
      return positions.add({ ...asQueued(accepted), ...turns, earlier })
    }
    // The reading has it already.
    for (let time = 0; time < 2; time += 1) expect(positions.add({ ...asQueued(other), ...turns, earlier: 0 }).ahead).toBe(1)
    const own = await add({}, 1)
    const newMember = await add({ guildId: '2009', memberId: '4010' })
    const newGuild = await add({ guildId: '2010', memberId: '4011' })
    // One clip of each guild, then the next.
    expect([own.ahead, newMember.ahead, newGuild.ahead]).toEqual([2, 3, 2])
    await add({}, 2)
    // Behind all of the other guilds: two and one, and three of its own.
    expect((await add({}, 3)).ahead).toBe(6)
    expect([own.readyAt, newMember.readyAt]).toEqual([now + 2 * minute, now + 2 * minute])
  })

  it('has the turns of its guild and its member, until it is claimed', async () => {
    const database = await openStore(store)
    const first = await acceptGeneration(database, { now })
    expect(await readTurn(database, first.id)).toEqual({ guildServed: 0, memberServed: 0, earlier: 0 })
    await claim(database, providers[0], { owner: 'worker', now })
    expect(await readTurn(database, first.id)).toBeUndefined()
    const second = await acceptGeneration(database, { now, memberId: '4002' })
    expect(await readTurn(database, second.id)).toEqual({ guildServed: 1, memberServed: 0, earlier: 0 })
    const third = await acceptGeneration(database, { now, memberId: '4002' })
    expect(await readTurn(database, third.id)).toMatchObject({ earlier: 1 })
    database.setAside.add(second.id, new StoredRowError('generations.request'))
    expect(await readTurn(database, third.id)).toMatchObject({ earlier: 0 })
  })
})
