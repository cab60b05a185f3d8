import { describe, expect, it } from 'vitest'

import { createClock } from '../../../src/lib/clock.ts'
import { type Acceptance, enqueue } from '../../../src/generations/queue/enqueue.ts'
import { findGeneration } from '../../../src/generations/store/generations.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createInstantClock } from '../../support/clocks/instant-clock.ts'
import { plenty, walletOf } from '../../support/store/generations.ts'
import { quickProvider } from '../worker/worker-stage.ts'

const clock = createClock(50)
const acceptance: Acceptance = {
  request: { prompt: 'a boat', durationSeconds: 5 },
  images: [],
  requester: {
    memberId: '400000000000000001',
    guildId: '200000000000000001',
    channelId: '300000000000000001',
    reply: {
      applicationId: '100000000000000001',
      interactionId: '500000000000000001',
      token: 'none',
      attachmentSizeLimit: 1,
      locale: 'en-US',
    },
  },
  candidates: [quickProvider('fal')],
  budgets: { installation: plenty, guild: plenty },
  timeZone: undefined,
  now: Date.UTC(2026, 10, 20, 12),
}

/** The same store, whose connection breaks after, or instead of, each commit. */
function breakingOff(database: Database, moment: 'before' | 'after'): Database {
  return {
    ...database,
    transaction: async (work) => {
      if (moment === 'after') await database.transaction(work)
      throw new Error('Connection terminated unexpectedly')
    },
  }
}

/** The same store, which cannot be read the next `times` times either. */
function unreadable(database: Database, times: number): Database {
  let left = times
  return {
    ...database,
    get statements() {
      left -= 1
      if (left >= 0) throw new Error('Connection refused')
      return database.statements
    },
  }
}

async function idsOf({ statements }: Database): Promise<string[]> {
  return (await statements.selectFrom('generations').select('id').execute()).map(({ id }) => id)
}

describe.each(stores)('a request on $name', (store) => {
  it('is accepted where only the response to its commit was lost', async () => {
    const database = await openStore(store)
    const generation = await enqueue({ database: breakingOff(database, 'after'), clock }, acceptance)
    expect(await idsOf(database)).toEqual([generation?.id])
  })

  it('is accepted where the store can be read again only seconds after the response was lost', async () => {
    const database = await openStore(store)
    const instant = createInstantClock()
    const generation = await enqueue({ database: unreadable(breakingOff(database, 'after'), 2), clock: instant }, acceptance)
    expect(await idsOf(database)).toEqual([generation?.id])
    expect(instant.waits).toEqual([500, 2000])
  })

  it('fails with the first error where the store stays unreachable', async () => {
    const database = await openStore(store)
    const broken = unreadable(breakingOff(database, 'before'), 3)
    await expect(enqueue({ database: broken, clock: createInstantClock() }, acceptance)).rejects.toThrow('Connection terminated')
  })

  it('is queued as it was returned, with nothing charged yet', async () => {
    const database = await openStore(store)
    const generation = await enqueue({ database, clock }, acceptance)
    expect(generation).toMatchObject({ state: 'queued', captured: false, guildReleased: false })
    expect(await findGeneration(database.statements, generation?.id ?? '')).toEqual(generation)
  })

  it('that was accepted before is not accepted again, and keeps its one reservation', async () => {
    const database = await openStore(store)
    await enqueue({ database, clock }, acceptance)
    expect(await enqueue({ database, clock }, acceptance)).toBeUndefined()
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 350_000, spent: 0 })
  })

  it('fails where nothing was written', async () => {
    const database = await openStore(store)
    await expect(enqueue({ database: breakingOff(database, 'before'), clock }, acceptance)).rejects.toThrow('Connection terminated')
    expect(await idsOf(database)).toEqual([])
  })

  it('reserves the price of its dearest candidate, whichever is preferred', async () => {
    const database = await openStore(store)
    const candidates = [quickProvider('fal'), quickProvider('replicate', { price: () => 500_000 }), quickProvider('runware')] as const
    const generation = await enqueue({ database, clock }, { ...acceptance, candidates: [...candidates] })
    expect(generation).toMatchObject({ price: 500_000, provider: 'fal', candidates: ['fal', 'replicate', 'runware'] })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 500_000, spent: 0 })
  })

  it('that Discord delivers several times at once is accepted once', async () => {
    const database = await openStore(store)
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => enqueue({ database, clock }, acceptance)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
    expect(await idsOf(database)).toHaveLength(1)
    const { reserved } = await database.statements
      .selectFrom('wallets')
      .select('reserved')
      .where('scope', '=', 'guild')
      .executeTakeFirstOrThrow()
    expect(reserved).toBe(350_000)
  })

  it('shares a transaction with others; one that its guild cannot pay for is refused alone, with what is left of its budget', async () => {
    const database = await openStore(store)
    const from = (member: number, guildId: string, day: number): Acceptance => {
      const reply = { ...acceptance.requester.reply, interactionId: `50000000000000000${member}` }
      const budgets = { installation: plenty, guild: { day, month: plenty.month } }
      return { ...acceptance, requester: { ...acceptance.requester, guildId, reply }, budgets }
    }
    const [rich, poor] = ['200000000000000001', '200000000000000002']
    const wanted = [
      from(1, rich, plenty.day),
      from(2, poor, 800_000),
      from(3, poor, 800_000),
      from(4, poor, 800_000),
      from(5, rich, plenty.day),
    ]
    const outcomes = await Promise.allSettled(wanted.map((each) => enqueue({ database, clock }, each)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[3]).toMatchObject({ reason: { identifier: 'budget-exhausted', details: [{ wallet: 'guild', remaining: 100_000 }] } })
    expect(await idsOf(database)).toHaveLength(4)
    expect(await walletOf(database, 'guild', 'day', poor)).toEqual({ reserved: 700_000, spent: 0 })
    expect(await walletOf(database, 'installation', 'month')).toEqual({ reserved: 1_400_000, spent: 0 })
    expect(await database.statements.selectFrom('ledger').select('kind').execute()).toHaveLength(4)
  })
})
