import Bottleneck from 'bottleneck'
import { describe, expect, it } from 'vitest'

import { Refusal } from '../../src/domain/refusal.ts'
import { findGeneration } from '../../src/generations/store/generations.ts'
import { capture, hold, refundGuild, release } from '../../src/billing/ledger.ts'
import type { Database } from '../../src/storage/database.ts'
import { openStore, stores } from '../storage/stores.ts'
import { acceptGeneration, plenty, walletOf } from '../support/store/generations.ts'

const price = 350_000

async function reservationFor(database: Database, id: string) {
  const generation = await findGeneration(database.statements, id)
  if (!generation) throw new Error('the generation is missing')
  return generation
}

async function kinds(database: Database): Promise<string[]> {
  const rows = await database.statements.selectFrom('ledger').select('kind').orderBy('sequence').execute()
  return rows.map((row) => row.kind)
}

describe.each(stores)('the ledger on $name', (store) => {
  it('reserves in all four wallets and records one row', async () => {
    const database = await openStore(store)
    await acceptGeneration(database)
    for (const scope of ['installation', 'guild'] as const) {
      for (const period of ['day', 'month'] as const) expect(await walletOf(database, scope, period)).toEqual({ reserved: price, spent: 0 })
    }
    expect(await kinds(database)).toEqual(['reserve'])
  })

  it('accepts exactly as many of 500 requests of 50 members, 25 at once, as the budget pays for', async () => {
    const database = await openStore(store)
    const budget = { day: 20 * price + price - 1, month: plenty.month }
    // More than a process has connections; with all 500 in one line a busy machine would refuse the last ones for having waited too long.
    const line = new Bottleneck({ maxConcurrent: 25 })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 500 }, (_, index) =>
        line.schedule(() => acceptGeneration(database, { guild: budget, memberId: `4000000000000000${10 + (index % 50)}` })),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Refusal)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 20 * price, spent: 0 })
    expect(await database.statements.selectFrom('generations').selectAll().execute()).toHaveLength(20)
  })

  it('caps the installation over many guilds', async () => {
    const database = await openStore(store)
    const installation = { day: 3 * price, month: plenty.month }
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => acceptGeneration(database, { installation, guildId: `2000000000000000${10 + index}` })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 3 * price, spent: 0 })
  })

  it('names the exhausted wallet, what is left and when it resets', async () => {
    const database = await openStore(store)
    const now = Date.UTC(2026, 10, 20, 12)
    const refused = acceptGeneration(database, { now, guild: { day: plenty.day, month: 100 } })
    await expect(refused).rejects.toMatchObject({
      identifier: 'budget-exhausted',
      details: [{ wallet: 'guild', period: 'month', remaining: 100, price, resetsAt: Date.UTC(2026, 11, 1) }],
    })
  })

  it.each([
    ['guild', Date.UTC(2026, 10, 20, 15)],
    ['installation', Date.UTC(2026, 10, 21)],
  ] as const)('resets the budget of the %s at midnight by its own calendar', async (wallet, resetsAt) => {
    const database = await openStore(store)
    const now = Date.UTC(2026, 10, 20, 12)
    const refused = acceptGeneration(database, { now, timeZone: 'Asia/Tokyo', [wallet]: { day: 100, month: plenty.month } })
    await expect(refused).rejects.toMatchObject({ details: [{ wallet, period: 'day', resetsAt }] })
  })

  it('counts what is spent and what is reserved against the budget', async () => {
    const database = await openStore(store)
    const guild = { day: 3 * price - 1, month: plenty.month }
    const reservation = await reservationFor(database, (await acceptGeneration(database)).id)
    await database.transaction((transaction) => capture(transaction, [{ reservation }], 1))
    await acceptGeneration(database, { guild })
    const details = [expect.objectContaining({ remaining: price - 1 })]
    await expect(acceptGeneration(database, { guild })).rejects.toMatchObject({ identifier: 'budget-exhausted', details })
  })

  it('captures once: a second capture changes nothing', async () => {
    const database = await openStore(store)
    const reservation = await reservationFor(database, (await acceptGeneration(database)).id)
    await database.transaction((transaction) => capture(transaction, [{ reservation }], 1))
    await expect(database.transaction((transaction) => capture(transaction, [{ reservation }], 2))).rejects.toThrow(/unique/i)
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: price })
    expect(await kinds(database)).toEqual(['reserve', 'capture'])
  })

  it('releases to where the reservation came from', async () => {
    const database = await openStore(store)
    const reservation = await reservationFor(database, (await acceptGeneration(database)).id)
    await database.transaction((transaction) => release(transaction, reservation, 1))
    expect(await walletOf(database, 'installation', 'month')).toEqual({ reserved: 0, spent: 0 })
    expect(await walletOf(database, 'guild', 'month')).toEqual({ reserved: 0, spent: 0 })
  })

  it('keeps a held sum reserved', async () => {
    const database = await openStore(store)
    const reservation = await reservationFor(database, (await acceptGeneration(database)).id)
    // Resumed, and held again.
    for (const at of [1, 2]) await database.transaction((transaction) => hold(transaction, reservation, at))
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: price, spent: 0 })
    expect(await kinds(database)).toEqual(['reserve', 'hold'])
  })

  it.each([10_000, -10_000])('books a difference of %i to the installation alone', async (difference) => {
    const database = await openStore(store)
    const reservation = await reservationFor(database, (await acceptGeneration(database)).id)
    await database.transaction((transaction) => capture(transaction, [{ reservation, cost: price + difference }], 1))
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: price })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: price + difference })
    expect(await kinds(database)).toEqual(['reserve', 'capture', 'difference'])
  })

  it('refunds the guild, and the installation bears the cost', async () => {
    const database = await openStore(store)
    const reservation = await reservationFor(database, (await acceptGeneration(database)).id)
    await database.transaction(async (transaction) => {
      await capture(transaction, [{ reservation }], 1)
      await refundGuild(transaction, reservation, 1)
    })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: price })
  })
})
