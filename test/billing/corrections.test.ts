import { describe, expect, it } from 'vitest'

import { bookedByInstallation, correct, findReservations, ImpossibleCorrection, isCorrected } from '../../src/billing/corrections.ts'
import { capture } from '../../src/billing/ledger.ts'
import { openStore, stores } from '../storage/stores.ts'
import { acceptGeneration, walletOf } from '../support/store/generations.ts'

const price = 350_000
const now = Date.UTC(2026, 10, 20, 12)
const scopes = ['guild', 'installation'] as const

describe.each(stores)('a correction on $name', (store) => {
  /** A clip of yesterday, to be corrected, and one of today in the same month. */
  async function captured() {
    const database = await openStore(store)
    const yesterday = await acceptGeneration(database, { now: now - 24 * 60 * 60_000 })
    const today = await acceptGeneration(database, { now })
    for (const generation of [yesterday, today])
      await database.transaction((transaction) => capture(transaction, [{ reservation: generation }], now))
    const apply = async (scope: (typeof scopes)[number], amount: number) => {
      const [reservation] = await findReservations(database.statements, yesterday.reference)
      if (!reservation) expect.unreachable('it was accepted')
      await database.transaction((transaction) => correct(transaction, reservation, { scope, amount, reason: 'by the invoice', now }))
    }
    return { database, yesterday, apply }
  }

  it.each(scopes)('changes what the %s spent in the periods of the request, and nobody else', async (scope) => {
    const { database, apply } = await captured()
    await apply(scope, -price)
    const spent = await database.statements.selectFrom('wallets').select(['scope', 'period_key', 'spent']).orderBy('period_key').execute()
    const other = scope === 'guild' ? 'installation' : 'guild'
    const of = (owner: string) => spent.filter((wallet) => wallet.scope === owner).map((wallet) => [wallet.period_key, wallet.spent])
    expect(of(scope)).toEqual([
      ['2026-11', price],
      ['2026-11-19', 0],
      ['2026-11-20', price],
    ])
    expect(of(other)).toEqual([
      ['2026-11', 2 * price],
      ['2026-11-19', price],
      ['2026-11-20', price],
    ])
  })

  it.each([
    // The month's wallet could give it, but not the day's.
    ['guild', -price - 1, ImpossibleCorrection],
    ['installation', -price - 1, ImpossibleCorrection],
    // The day's wallet could hold it, but not the month's; PostgreSQL's driver does not even read such a sum.
    ['installation', Number.MAX_SAFE_INTEGER - price, RangeError],
  ] as const)('of the %s by %i is refused and changes nothing', async (scope, amount, error) => {
    const { database, yesterday, apply } = await captured()
    const before = await walletOf(database, scope, 'month')
    await expect(apply(scope, amount)).rejects.toThrow(error)
    expect(await walletOf(database, scope, 'month')).toEqual(before)
    const rows = await database.statements.selectFrom('ledger').select('kind').where('generation_id', '=', yesterday.id).execute()
    expect(rows.map(({ kind }) => kind)).toEqual(['reserve', 'capture'])
  })

  it('is known of that request alone, and for another reason than those that are given', async () => {
    const { database, yesterday, apply } = await captured()
    const { statements } = database
    const today = await acceptGeneration(database, { now })
    expect(await isCorrected(statements, yesterday.id, ['a late cost'])).toBe(false)
    await apply('guild', -1)
    expect(await isCorrected(statements, yesterday.id, ['a late cost'])).toBe(false)
    await apply('installation', -1)
    expect(await isCorrected(statements, yesterday.id, ['a late cost'])).toBe(true)
    expect(await isCorrected(statements, yesterday.id, ['a late cost', 'by the invoice'])).toBe(false)
    expect(await isCorrected(statements, today.id, ['a late cost'])).toBe(false)
    expect(await bookedByInstallation(statements, yesterday.id)).toBe(price - 1)
  })

  it('finds the request with whether the share of its server was released', async () => {
    const { database, yesterday } = await captured()
    const find = () => findReservations(database.statements, yesterday.reference)
    const { id, guildId, guildPeriods, installationPeriods } = yesterday
    expect(await find()).toEqual([{ id, guildId, price, guildPeriods, installationPeriods, guildReleased: false }])
    await database.statements.updateTable('generations').set({ guild_released_at: 1 }).where('id', '=', id).execute()
    expect(await find()).toMatchObject([{ guildReleased: true }])
  })
})
