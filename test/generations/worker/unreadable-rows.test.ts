import { describe, expect, it, onTestFinished } from 'vitest'

import type { GenerationState } from '../../../src/domain/generation-state.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { findRow, updateIf } from '../../../src/generations/store/generations.ts'
import { createEstimates } from '../../../src/generations/store/run-time-estimates.ts'
import { adoptOrphans } from '../../../src/generations/worker/orphans.ts'
import { type Database, openDatabase } from '../../../src/storage/database.ts'
import { StoredRowError } from '../../../src/storage/json-columns.ts'
import { addWorker } from '../../../src/storage/workers.ts'
import { type Store, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from './worker-stage.ts'
import { markSent } from '../../support/store/attempts.ts'

const dead = 'a-worker-that-died'
/** What the tests write into a request or an operation; no log may repeat it. */
const damage = '{"prompt": "a secret pl'

async function openLogged(store: Store) {
  const captured = createCapturedLog()
  const database = await openDatabase(await store.placeWithTables(), { log: captured.log })
  onTestFinished(() => database.close())
  const setAside = () => captured.lines.map((line) => JSON.parse(line) as { id?: string }).flatMap(({ id }) => id ?? [])
  return { database, captured, setAside }
}

/** Accepted and left in this state, with an attempt whose job is done at its provider. Returns the ids. */
async function put(database: Database, state: GenerationState, change: Record<string, unknown> = {}): Promise<[string, string]> {
  const { statements } = database
  const { id } = await acceptGeneration(database)
  await statements.updateTable('generations').set({ state: 'submitting', owner: dead }).where('id', '=', id).execute()
  const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner: dead, now: 1 })
  await markSent(database, { attempt, owner: dead }, {}, 2)
  const attemptState = { held: 'unknown', done: 'completed' }[state as string] ?? 'accepted'
  await statements
    .updateTable('attempts')
    .set({ state: attemptState as 'accepted', operation: JSON.stringify({ id }), operation_id: id, ended_at: 60_000 })
    .where('id', '=', attempt.id)
    .execute()
  await statements
    .updateTable('generations')
    .set({ state, started_at: 10_000, ...change })
    .where('id', '=', id)
    .execute()
  return [id, attempt.id]
}

async function damageRequest({ statements }: Database, id: string): Promise<void> {
  await statements.updateTable('generations').set({ request: damage }).where('id', '=', id).execute()
}

describe.each(stores)('a row on $name that cannot be read', (store) => {
  it('is set aside and logged once by its id, and everything else goes on', async () => {
    const { database, captured, setAside } = await openLogged(store)
    const held = { ended_at: 1, end_reason: 'render-overdue' }
    const decided = { ...held, held_decision: 'free' }
    const damaged: string[] = []
    const good: string[] = []
    for (const [state, change] of [
      ['done', { ended_at: 60_000 }],
      ['rendering', {}],
      ['held', decided],
    ] as const) {
      for (const ids of [damaged, good]) ids.push((await put(database, state, change))[0])
    }
    for (const id of damaged) await damageRequest(database, id)
    // The recheck takes four at once, the oldest first.
    for (let count = 1; count <= 5; count += 1) {
      const [, attempt] = await put(database, 'held', held)
      await database.statements.updateTable('attempts').set({ operation: damage, ended_at: count }).where('id', '=', attempt).execute()
      damaged.push(attempt)
    }
    good.push((await put(database, 'held', held))[0])

    const { worker } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    const states = () => Promise.all(good.map(async (id) => (await findRow(database.statements, id))?.state))
    await expect.poll(states).toEqual(['done', 'done', 'failed', 'done'])
    await worker.stop({ graceMs: 5000 })
    expect(setAside().sort()).toEqual(damaged.sort())
    expect(captured.text()).not.toContain('secret')
  })

  it('teaches no run time; the others do', async () => {
    const { database, setAside } = await openLogged(store)
    const [id] = await put(database, 'done')
    await put(database, 'done')
    await damageRequest(database, id)
    const estimates = await createEstimates(database)
    expect(estimates.runMs('fal', { durationSeconds: 5 })).toBe(50_000)
    expect(setAside()).toEqual([id])
  })

  it('keeps no orphan from being adopted', async () => {
    const { database } = await openLogged(store)
    const [id] = await put(database, 'rendering')
    const [readable] = await put(database, 'rendering')
    await damageRequest(database, id)
    await addWorker(database.statements, database, { id: 'alive', role: 'worker', providers: ['fal'] })
    const adopted = await adoptOrphans(database, { owner: 'alive', mayAdopt: () => true, expiryMs: 15_000 })
    expect(adopted.map((generation) => generation.id)).toEqual([readable])
  })

  it('is not changed by a statement that then fails to read it', async () => {
    const { database } = await openLogged(store)
    const [id] = await put(database, 'rendering')
    await damageRequest(database, id)
    const before = await findRow(database.statements, id)
    const change = updateIf(database.statements, { id, state: 'rendering' }, { state: 'done' })
    await expect(change).rejects.toBeInstanceOf(StoredRowError)
    expect(await findRow(database.statements, id)).toEqual(before)
  })
})
