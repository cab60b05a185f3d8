import { describe, expect, test } from 'vitest'

import type { Generation } from '../../../src/generations/model/generation.ts'
import { readQueuePositions } from '../../../src/generations/positions/queue-positions.ts'
import type { ProviderKeys } from '../../../src/generations/worker/provider-keys.ts'
import { createQueueMaintenance } from '../../../src/generations/worker/queue-maintenance.ts'
import type { Delivery } from '../../../src/generations/model/delivery-port.ts'
import { temporaryDatabase } from '../../support/store/database.ts'
import { claim } from '../../support/store/claims.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { acceptSome } from '../../support/store/mixed-queue.ts'

import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'

const now = Date.parse('2026-05-04T12:00:00Z')
const roomy = { id: 'fal', concurrency: 1000, createsPerMinute: 1_000_000 } as const
const minute = 60_000
const day = 24 * 60 * minute
const estimates = { runMs: () => 2 * minute }
const slots = { providers: [roomy], estimates, now }
const keys: ProviderKeys = { served: new Set(['fal']), eldest: undefined, isGone: () => false, mayAdopt: () => true }

/** Records what would be written. */
function createNotes(): { delivery: Delivery; shown: [string, number | undefined][]; ended: Generation[] } {
  const shown: [string, number | undefined][] = []
  const ended: Generation[] = []
  const delivery: Delivery = {
    show: ({ id }, { ahead }) => void shown.push([id, ahead]),
    postOutcome: (generation) => {
      ended.push(generation)
      return Promise.resolve()
    },
    post: () => Promise.reject(new Error('nothing is posted from the queue')),
    findPosted: () => Promise.resolve(undefined),
    drain: () => Promise.resolve(),
  }
  return { delivery, shown, ended }
}

async function setUp({ queueDeadlineMs = 60 * minute, runMs = 2 * minute }: { queueDeadlineMs?: number; runMs?: number } = {}) {
  const database = await temporaryDatabase()
  const clock = createManualClock(now)
  const { log } = createCapturedLog()
  const notes = createNotes()
  const maintenance = createQueueMaintenance({
    ...{ database, clock, log, queueDeadlineMs },
    delivery: notes.delivery,
    estimates: { runMs: () => runMs, learn: () => undefined },
    providers: [{ ...roomy, concurrency: 1 }],
  })
  return { database, clock, ...notes, maintenance: { run: () => maintenance.run(keys) } }
}

describe('the position on the card', () => {
  test('is shown once, and again when it changed', async () => {
    const { database, clock, maintenance, shown } = await setUp()
    const [first, second] = [await acceptGeneration(database, { now }), await acceptGeneration(database, { now })]
    await maintenance.run()
    await clock.advance(minute)
    await maintenance.run()
    expect(shown).toEqual([
      [first.id, 0],
      [second.id, 1],
    ])
    await claim(database, { ...roomy, concurrency: 1 }, { owner: 'worker', now })
    await maintenance.run()
    expect(shown.slice(2)).toEqual([[second.id, 0]])
  })

  test('is shown again once its clip is less than a minute away', async () => {
    const { database, clock, maintenance, shown } = await setUp({ runMs: 40_000 })
    const [running, waiting] = [await acceptGeneration(database, { now }), await acceptGeneration(database, { now })]
    await claim(database, { ...roomy, concurrency: 1 }, { owner: 'worker', now })
    await database.statements.updateTable('generations').set({ state: 'rendering', started_at: now }).where('id', '=', running.id).execute()
    await maintenance.run()
    await clock.advance(10_000)
    await maintenance.run()
    expect(shown).toEqual([[waiting.id, 0]])
    await clock.advance(20_000)
    await maintenance.run()
    expect(shown).toEqual([
      [waiting.id, 0],
      [waiting.id, 0],
    ])
  })

  test('is updated less often the further back it is', async () => {
    const { database, clock, maintenance, shown } = await setUp()
    const waiting = await acceptSome(database, 10, { seed: 7, now })
    await maintenance.run()
    expect(shown).toHaveLength(10)
    await claim(database, { ...roomy, concurrency: 1 }, { owner: 'worker', now })
    await clock.advance(3000)
    await maintenance.run()
    expect(shown.slice(10).map(([, ahead]) => ahead)).toEqual([0])
    await clock.advance(3000)
    await maintenance.run()
    expect(shown.slice(11).map(([, ahead]) => ahead)).toEqual([1])
    await clock.advance(minute)
    await maintenance.run()
    expect(new Set(shown.slice(12).map(([, ahead]) => ahead))).toEqual(new Set([2, 3, 4, 5, 6, 7, 8]))
    expect(new Set(shown.map(([id]) => id))).toEqual(new Set(waiting.map(({ id }) => id)))
  })
})

describe('a request that waits too long', () => {
  test('fails, and its reservation is released', async () => {
    const { database, clock, maintenance, ended } = await setUp({ queueDeadlineMs: 5 * minute })
    const old = await acceptGeneration(database, { now })
    const young = await acceptGeneration(database, { now: now + 1 })
    await clock.advance(5 * minute)
    await maintenance.run()
    expect(ended).toEqual([])
    await clock.advance(1)
    await maintenance.run()
    expect(ended).toMatchObject([{ id: old.id, state: 'failed', endReason: 'queue-overdue', captured: false }])
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 350_000, spent: 0 })
    expect((await readQueuePositions(database, slots)).front.map(({ id }) => id)).toEqual([young.id])
  })

  test('does not fail once it is claimed', async () => {
    const { database, clock, maintenance, ended } = await setUp()
    await acceptGeneration(database, { now })
    await claim(database, roomy, { owner: 'worker', now })
    await clock.advance(24 * 60 * minute)
    await maintenance.run()
    expect(ended).toEqual([])
  })
})

describe('an outcome that nobody was told', () => {
  async function endedDaysAgo(state: 'failed' | 'cancelled' | 'held', change: { erased_at?: number; notified_at?: number } = {}) {
    const stage = await setUp()
    const { database, maintenance, ended } = stage
    const { id } = await acceptGeneration(database, { now: now - 3 * day })
    const end = { state, ended_at: now - 2 * day, end_reason: 'internal', ...change } as const
    await database.statements.updateTable('generations').set(end).where('id', '=', id).execute()
    await maintenance.run()
    return { told: ended.map((generation) => generation.id), id }
  }

  test.each(['failed', 'cancelled', 'held'] as const)('is told after two days without the bot: %s', async (state) => {
    const { told, id } = await endedDaysAgo(state)
    expect(told).toEqual([id])
  })

  test('is not told once its words are erased, nor a second time', async () => {
    expect((await endedDaysAgo('failed', { erased_at: now - day })).told).toEqual([])
    expect((await endedDaysAgo('failed', { notified_at: now - 2 * day })).told).toEqual([])
  })
})
