import { describe, expect, it } from 'vitest'

import { createClock } from '../../../src/lib/clock.ts'
import { type Acceptance, enqueue } from '../../../src/generations/queue/enqueue.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
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

async function idsOf({ statements }: Database): Promise<string[]> {
  return (await statements.selectFrom('generations').select('id').execute()).map(({ id }) => id)
}

describe.each(stores)('a request on $name', (store) => {
  it('is accepted where only the response to its commit was lost', async () => {
    const database = await openStore(store)
    const generation = await enqueue({ database: breakingOff(database, 'after'), clock }, acceptance)
    expect(await idsOf(database)).toEqual([generation?.id])
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
})
