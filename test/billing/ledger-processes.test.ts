import { describe, expect, it } from 'vitest'

import { capture, release } from '../../src/billing/ledger.ts'
import { startProcesses } from '../storage/processes.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../storage/stores.ts'
import { acceptGeneration, walletOf } from '../support/store/generations.ts'

const price = 350_000
const file = new URL('./reserving-process.ts', import.meta.url)

describe.skipIf(!hasPostgres)('wallets on PostgreSQL', () => {
  it('accept exactly as many of 500 requests, over four processes at once, as the budget pays for', async () => {
    const url = await temporaryPostgres()
    const processes = await startProcesses(file, 4, [url])
    const database = await openPlace({ url })
    for (const each of processes) each.go()
    const accepted = await Promise.all(processes.map((each) => each.receive<number>()))
    expect(accepted.reduce((total, count) => total + count, 0)).toBe(20)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 20 * price, spent: 0 })
    expect(await walletOf(database, 'installation', 'month')).toEqual({ reserved: 20 * price, spent: 0 })
    expect(await database.statements.selectFrom('generations').selectAll().execute()).toHaveLength(20)
    expect(await database.statements.selectFrom('ledger').selectAll().execute()).toHaveLength(20)
  })

  it('never deadlock while guilds reserve, capture and release at once', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const settle = async (index: number) => {
      const generation = await acceptGeneration(database, { guildId: `21000000000000000${index % 3}` })
      await database.transaction((transaction) =>
        index % 2 === 0 ? capture(transaction, [{ reservation: generation }], 1) : release(transaction, generation, 1),
      )
    }
    await Promise.all(Array.from({ length: 60 }, (_, index) => settle(index)))
    for (const scope of ['installation', 'guild'] as const) {
      for (const period of ['day', 'month'] as const)
        expect(await walletOf(database, scope, period)).toEqual({ reserved: 0, spent: 30 * price })
    }
  })
})
