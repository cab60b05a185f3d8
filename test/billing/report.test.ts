import { describe, expect, it } from 'vitest'

import { correct, findReservations } from '../../src/billing/corrections.ts'
import { assume } from '../../src/billing/ledger.ts'
import { periodKeys } from '../../src/billing/periods.ts'
import { isUnconfirmed, mostCounted, readAssumed, readCurrentWallets, readImplausible, readRecentRows } from '../../src/billing/report.ts'
import type { Database } from '../../src/storage/database.ts'
import { openStore, stores } from '../storage/stores.ts'
import { acceptGeneration } from '../support/store/generations.ts'

const price = 350_000
/** Noon in London, but the next day already in Auckland. */
const now = Date.UTC(2026, 10, 30, 12)
const day = 24 * 60 * 60_000
const auckland = 'Pacific/Auckland'

async function acceptAt(database: Database, time: number) {
  const generation = await acceptGeneration(database, { now: time })
  return { ...generation, guildPeriods: periodKeys(time) }
}

describe.each(stores)("the operator's report on $name", (store) => {
  it('shows the wallets of the present day and month, by the calendar of each owner', async () => {
    const database = await openStore(store)
    for (const time of [now - day, now, now + day]) await acceptAt(database, time)
    const keys = async (zone?: string) =>
      (await readCurrentWallets(database.statements, now, () => Promise.resolve(zone))).map(
        ({ scope, periodKey, reserved }) => `${scope} ${periodKey} ${reserved / price}`,
      )
    const installation = ['installation 2026-11-30 1', 'installation 2026-11 2']
    expect(await keys()).toEqual([...installation, 'guild 2026-11-30 1', 'guild 2026-11 2'])
    expect(await keys(auckland)).toEqual([...installation, 'guild 2026-12-01 1', 'guild 2026-12 1'])
    // Twelve hours behind, where it is still midnight of the same day, and a moment earlier the day before.
    const earlier = await readCurrentWallets(database.statements, now - 1, () => Promise.resolve('Etc/GMT+12'))
    expect(earlier.map(({ scope, periodKey }) => `${scope} ${periodKey}`)).toContain('guild 2026-11-29')
  })

  it('lists what is assumed and what was not believed until it is corrected, and the latest rows in their order', async () => {
    const database = await openStore(store)
    const { statements } = database
    const generation = await acceptGeneration(database)
    const { id, reference } = generation
    await database.transaction((transaction) => assume(transaction, generation, 5))
    const attempt = { id: 'a', generation_id: id, take: 1, provider: 'fal', webhook_token: 't', created_at: 1, ended_at: 5 }
    await statements
      .insertInto('attempts')
      .values({ ...attempt, state: 'completed', implausible_cost: '3500000' })
      .execute()
    const assumed = { reference, kind: 'assumed', amount: price, createdAt: 5, reason: null }
    expect(await readAssumed(statements)).toMatchObject({ rows: [assumed], older: 0 })
    const implausible = { reference, provider: 'fal', price, printed: '3500000', endedAt: 5 }
    expect(await readImplausible(statements)).toEqual({ rows: [implausible], older: 0 })
    expect(await isUnconfirmed(statements, id)).toBe(true)

    const [found] = await findReservations(statements, reference)
    expect(found).toMatchObject({ id, price, guildReleased: false })
    await database.transaction((transaction) =>
      correct(transaction, generation, { scope: 'installation', amount: 0, reason: 'on the invoice', now: 6 }),
    )
    const nothing = { rows: [], older: 0 }
    expect([await readAssumed(statements), await readImplausible(statements)]).toEqual([nothing, nothing])
    expect(await isUnconfirmed(statements, id)).toBe(false)
    const kinds = (await readRecentRows(statements)).rows.map(({ kind, reason }) => [kind, reason])
    const others = ['reserve', 'assumed', 'release-guild'].map((kind) => [kind, null])
    expect(kinds).toEqual([...others, ['correction-installation', 'on the invoice']])
  })

  it('says how many older rows are left out', async () => {
    const database = await openStore(store)
    const references: string[] = []
    for (let count = 0; count < 23; count += 1) references.push((await acceptGeneration(database)).reference)
    const { rows, older } = await readRecentRows(database.statements)
    expect(rows.map(({ reference }) => reference)).toEqual(references.slice(3))
    expect(older).toBe(3)
  })

  it('counts older rows up to a limit: it must not read the ledger of years', async () => {
    const database = await openStore(store)
    const { statements } = database
    const { id } = await acceptGeneration(database)
    const row = await statements.selectFrom('ledger').selectAll().where('generation_id', '=', id).executeTakeFirstOrThrow()
    const { sequence, ...correction } = { ...row, kind: 'correction-guild' as const }
    const corrections = Array.from({ length: mostCounted + 20 }, () => correction)
    await statements.insertInto('ledger').values(corrections).execute()
    const { rows, older } = await readRecentRows(statements)
    expect([rows.length, older, sequence]).toEqual([20, mostCounted, 1])
    await statements.deleteFrom('ledger').where('sequence', '=', 2).execute()
    expect(await readRecentRows(statements)).toMatchObject({ older: mostCounted })
    await statements.deleteFrom('ledger').where('sequence', '=', 3).execute()
    expect(await readRecentRows(statements)).toMatchObject({ older: mostCounted - 1 })
  })
})
