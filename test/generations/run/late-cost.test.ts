import { describe, expect, it } from 'vitest'

import { recordLateCost, recordLateRefund } from '../../../src/generations/run/late-cost.ts'
import { latestAttempt, openAttempt } from '../../../src/generations/store/attempts.ts'
import { findGeneration } from '../../../src/generations/store/generations.ts'
import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import { correct } from '../../../src/billing/corrections.ts'
import { capture } from '../../../src/billing/ledger.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'

const owner = 'a-worker'
const clock = { now: () => 5 }

describe.each(stores)('a cost that a provider reports after the capture, on $name', (store) => {
  /** A clip that is being delivered, booked as listed because its provider had reported no cost. */
  async function setUp() {
    const database = await openStore(store)
    const { statements } = database
    const { id } = await acceptGeneration(database)
    await statements.updateTable('generations').set({ state: 'submitting', owner }).where('id', '=', id).execute()
    await openAttempt(database, { generationId: id, provider: 'fal', owner, now: 1 })
    await statements.updateTable('attempts').set({ state: 'completed' }).execute()
    await statements.updateTable('generations').set({ state: 'delivering', captured: 1 }).where('id', '=', id).execute()
    const [generation, attempt] = [await findGeneration(statements, id), await latestAttempt(statements, id)]
    if (!generation || !attempt) throw new Error('both were just written')
    await database.transaction((transaction) => capture(transaction, [{ reservation: generation }], 2))
    const captured = createCapturedLog()
    const context = { database, owner, clock, providers: new Map(), log: captured.log }
    const record = (printed: number) => recordLateCost(generation, { attempt, cost: { printed, unit: 1_000_000 } }, context)
    const refund = () => recordLateRefund(generation, context)
    const rows = async () => (await statements.selectFrom('ledger').select(['kind', 'amount']).orderBy('sequence').execute()).slice(2)
    const cost = () =>
      statements.selectFrom('attempts').select(['provider_cost as reported', 'implausible_cost as printed']).executeTakeFirst()
    return { database, generation, record, refund, lines: captured.lines, rows, cost, logged: captured.text }
  }

  it('as listed is kept, and changes no wallet', async () => {
    const { record, rows, cost } = await setUp()
    await record(0.35)
    expect([await rows(), await cost()]).toEqual([[], { reported: 350_000, printed: null }])
  })

  it('that differs corrects what the installation paid, once', async () => {
    const { database, record, rows, cost } = await setUp()
    await record(0.36)
    await record(0.36)
    expect([await rows(), await cost()]).toEqual([
      [{ kind: 'correction-installation', amount: 10_000 }],
      { reported: 360_000, printed: null },
    ])
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 360_000 })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 350_000 })
  })

  it('leaves a sum that the operator corrected by hand as it is, and stops no delivery', async () => {
    const { database, generation, record, rows, cost, logged } = await setUp()
    const byHand = { scope: 'installation', amount: -350_000, reason: 'not on the invoice', now: 3 } as const
    await database.transaction((transaction) => correct(transaction, generation, byHand))
    await record(0.36)
    expect(await rows()).toEqual([{ kind: 'correction-installation', amount: -350_000 }])
    expect(await cost()).toEqual({ reported: 360_000, printed: null })
    expect(logged()).toContain('compare it with the invoice')
  })

  it('that no wallet can hold any more stops no delivery', async () => {
    const { database, record, rows, cost, logged } = await setUp()
    const other = await acceptGeneration(database)
    const byHand = { scope: 'installation', amount: -350_000, reason: 'a mistake', now: 3 } as const
    await database.transaction((transaction) => correct(transaction, other, byHand))
    const before = await rows()
    await record(0.28)
    expect(await rows()).toEqual(before)
    expect(await cost()).toEqual({ reported: 280_000, printed: null })
    expect(logged()).toContain('compare it with the invoice')
  })

  it('that is implausible is shown to the operator, and not booked', async () => {
    const { record, rows, cost, logged } = await setUp()
    await record(3_500_000)
    expect([await rows(), await cost()]).toEqual([[], { reported: null, printed: '3500000' }])
    expect(logged()).toContain('implausible cost')
  })

  it('is booked with the time and the reason', async () => {
    const { database, record } = await setUp()
    await record(0.36)
    const [booked] = await database.statements.selectFrom('ledger').selectAll().where('kind', '=', 'correction-installation').execute()
    expect(booked).toMatchObject({ created_at: 5, reason: 'reported by the provider after the capture' })
  })

  it('is recorded only by the owner of the clip, and only while it is being delivered', async () => {
    const { database, record, refund, rows, cost } = await setUp()
    for (const change of [{ owner: 'another-worker' }, { owner, state: 'done' as const }]) {
      await database.statements.updateTable('generations').set(change).execute()
      await expect(record(0.36)).rejects.toBeInstanceOf(LeaseLost)
      await expect(refund()).rejects.toBeInstanceOf(LeaseLost)
    }
    expect([await rows(), await cost()]).toEqual([[], { reported: null, printed: null }])
  })

  it('that is implausible is told once, with what was listed', async () => {
    const { record, lines, generation } = await setUp()
    await record(3_500_000)
    await record(3_500_000)
    const told = lines.map((line) => JSON.parse(line) as object)
    expect(told).toMatchObject([{ level: 50, generation: generation.id, provider: 'fal', printed: '3500000', listed: 350_000 }])
    expect(told).toHaveLength(1)
  })

  it('is taken back with the rest if the job failed after all', async () => {
    const { database, record, refund, rows, lines } = await setUp()
    await record(0.36)
    await refund()
    expect((await rows()).map(({ amount }) => amount)).toEqual([10_000, -360_000])
    expect([await walletOf(database, 'installation', 'day'), lines]).toEqual([{ reserved: 0, spent: 0 }, []])
    // Nothing is left to take back.
    await refund()
    expect(await rows()).toHaveLength(2)
    const reasons = await database.statements.selectFrom('ledger').select('reason').orderBy('sequence', 'desc').execute()
    expect(reasons[0]?.reason).toBe('failed after the capture, not billed')
  })

  it('is not taken back where the operator corrected it by hand', async () => {
    const { database, generation, refund, rows, logged } = await setUp()
    const byHand = { scope: 'installation', amount: -100_000, reason: 'half a clip', now: 3 } as const
    await database.transaction((transaction) => correct(transaction, generation, byHand))
    await refund()
    expect((await rows()).map(({ amount }) => amount)).toEqual([-100_000])
    expect(logged()).toContain('compare it with the invoice')
  })

  it('that no wallet can give back any more stops no refund of the guild', async () => {
    const { database, refund, rows, logged } = await setUp()
    const byHand = { scope: 'installation', amount: -350_000, reason: 'a mistake', now: 3 } as const
    const other = await acceptGeneration(database)
    await database.transaction((transaction) => correct(transaction, other, byHand))
    const before = await rows()
    await refund()
    expect([await rows(), logged()]).toEqual([before, expect.stringContaining('compare it with the invoice')])
  })
})
