import { dirname } from 'node:path'

import type { Transaction } from 'kysely'
import { describe, expect, it } from 'vitest'

import { correct } from '../../src/billing/corrections.ts'
import { assume, capture, hold, refundGuild, release, releaseGuild } from '../../src/billing/ledger.ts'
import type { Reservation } from '../../src/billing/wallets.ts'
import type { StoreLocation } from '../../src/config/config.ts'
import type { Schema } from '../../src/storage/schema.ts'
import { openPostgresStore, openSqliteStore } from '../chaos/shared/store.ts'
import { compareMoney } from '../chaos/verdict/money.ts'
import { openPlace, stores } from '../storage/stores.ts'
import { acceptGeneration, walletOf } from '../support/store/generations.ts'

const price = 350_000
const dearer = 360_000

type Step = (transaction: Transaction<Schema>, reservation: Reservation, now: number) => Promise<void>
const captured: Step = (transaction, reservation, now) => capture(transaction, [{ reservation }], now)
const capturedDearer: Step = (transaction, reservation, now) => capture(transaction, [{ reservation, cost: dearer }], now)
const corrected =
  (scope: 'guild' | 'installation', amount: number): Step =>
  (transaction, reservation, now) =>
    correct(transaction, reservation, { scope, amount, reason: 'by the invoice', now })

/** Every way in which a reservation is settled; then what each scope has spent, without and with an earlier release of the guild's share. */
const paths: [string, Step[], { installation: number; guild: [number, number] }][] = [
  ['released', [release], { installation: 0, guild: [0, 0] }],
  ['captured', [captured], { installation: price, guild: [price, 0] }],
  ['captured at another cost', [capturedDearer], { installation: dearer, guild: [price, 0] }],
  ['captured and refunded', [captured, refundGuild], { installation: price, guild: [0, 0] }],
  ['captured at another cost and refunded', [capturedDearer, refundGuild], { installation: dearer, guild: [0, 0] }],
  ['assumed', [assume], { installation: price, guild: [0, 0] }],
  [
    'assumed, and corrected twice',
    [assume, corrected('installation', -price), corrected('installation', 70_000)],
    { installation: 70_000, guild: [0, 0] },
  ],
  ['released, and charged after all', [release, corrected('guild', price)], { installation: 0, guild: [price, price] }],
]

async function contentsOf(location: StoreLocation) {
  return ('file' in location ? openSqliteStore(dirname(location.file)) : openPostgresStore(location.url)).read()
}

describe.each(stores)('a settlement on $name', (store) => {
  describe.each(paths)('that is %s', (_, steps, spent) => {
    it.each([
      ['with both shares', false],
      ["after the release of the guild's share", true],
    ])('%s changes the wallets by what the ledger says', async (_, guildReleased) => {
      const location = await store.placeWithTables()
      const database = await openPlace(location)
      const accepted = await acceptGeneration(database)
      const reservation = { ...accepted, guildReleased }
      const held = guildReleased ? [hold, releaseGuild] : []
      for (const step of [...held, ...steps]) {
        await database.transaction((transaction) => step(transaction, reservation, 1))
        expect(compareMoney([], await contentsOf(location)).problems).toEqual([])
      }
      for (const period of ['day', 'month'] as const) {
        expect(await walletOf(database, 'installation', period)).toEqual({ reserved: 0, spent: spent.installation })
        expect(await walletOf(database, 'guild', period)).toEqual({ reserved: 0, spent: spent.guild[guildReleased ? 1 : 0] })
      }
    })
  })

  it("releases a guild's share once", async () => {
    const database = await openPlace(await store.placeWithTables())
    const reservation = await acceptGeneration(database)
    await database.transaction((transaction) => releaseGuild(transaction, reservation, 1))
    await expect(database.transaction((transaction) => releaseGuild(transaction, reservation, 2))).rejects.toThrow(/unique/i)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: price, spent: 0 })
  })
})
