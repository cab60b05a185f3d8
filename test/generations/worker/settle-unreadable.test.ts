import { describe, expect, it } from 'vitest'

import type { AttemptState, GenerationState } from '../../../src/domain/generation-state.ts'
import { decideHeld } from '../../../src/generations/held/held.ts'
import { blockProvider } from '../../../src/generations/queue/provider-blocks.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import type { Database } from '../../../src/storage/database.ts'
import { StoredRowError } from '../../../src/storage/json-columns.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from './worker-stage.ts'

const dead = 'a-worker-that-died'
const image = { sha256: 'a-hash', mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3 }
const damage = '{"prompt": "a secret pl'

/** Claimed by a worker that died, with a request that cannot be read and perhaps an attempt at fal. Returns its id. */
async function putDamaged(database: Database, state: GenerationState, attemptState?: AttemptState): Promise<string> {
  const { statements } = database
  const { id } = await acceptGeneration(database)
  const generation = statements.updateTable('generations').where('id', '=', id)
  await generation.set({ state: 'submitting', owner: dead }).execute()
  if (attemptState) {
    const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner: dead, now: 1 })
    await statements.updateTable('attempts').set({ state: attemptState }).where('id', '=', attempt.id).execute()
  }
  await generation.set({ state, request: damage }).execute()
  return id
}

async function endOf(database: Database, id: string) {
  const row = await findRow(database.statements, id)
  const attempts = await database.statements.selectFrom('attempts').select('state').where('generation_id', '=', id).orderBy('id').execute()
  const ledger = await database.statements.selectFrom('ledger').select('kind').where('generation_id', '=', id).orderBy('sequence').execute()
  return { state: row?.state, attempts: attempts.map((attempt) => attempt.state), ledger: ledger.map(({ kind }) => kind).join(' ') }
}

const stateOf = async (database: Database, id: string) => (await findRow(database.statements, id))?.state

describe.each(stores)('a claimed request on $name that cannot be read', (store) => {
  it.each<[AttemptState | undefined, AttemptState[]]>([
    [undefined, []],
    ['preparing', ['failed']],
    ['refused', ['refused']],
  ])('is released where no attempt is a job: %s', async (attempt, ended) => {
    const database = await openStore(store)
    const damaged = await putDamaged(database, 'submitting', attempt)
    const { worker } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    await expect.poll(() => endOf(database, damaged)).toEqual({ state: 'failed', attempts: ended, ledger: 'reserve release' })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
  })

  it.each<[GenerationState, AttemptState]>([
    ['submitting', 'sent'],
    ['submitting', 'unknown'],
    ['submitting', 'accepted'],
    ['rendering', 'accepted'],
  ])('is held where it is %s and its attempt is %s', async (state, attempt) => {
    const database = await openStore(store)
    const damaged = await putDamaged(database, state, attempt)
    const { worker } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    await expect.poll(() => endOf(database, damaged)).toEqual({ state: 'held', attempts: ['unknown'], ledger: 'reserve hold' })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 350_000, spent: 0 })
  })

  it('does not keep its provider from making others', async () => {
    const database = await openStore(store)
    for (let count = 0; count < 2; count += 1) await putDamaged(database, 'submitting', 'preparing')
    for (let count = 0; count < 3; count += 1) await putDamaged(database, 'rendering', 'accepted')
    const { id } = await acceptGeneration(database)
    const { worker } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    await expect.poll(() => stateOf(database, id)).toBe('done')
  })

  it('does not keep a blocked provider from its one create call', async () => {
    const database = await openStore(store)
    await putDamaged(database, 'submitting', 'preparing')
    const { id } = await acceptGeneration(database)
    const { worker, clock } = await setUpWorker(database, [quickProvider('fal')])
    await blockProvider(database, 'fal', 'unavailable', { now: clock.now() })
    await database.statements.updateTable('provider_state').set({ probe_at: null }).execute()
    await worker.start()
    await expect.poll(() => stateOf(database, id)).toBe('done')
  })

  it('is ended once, although a run of it is under way', async () => {
    const database = await openStore(store)
    const started = Promise.withResolvers<undefined>()
    const answer = Promise.withResolvers<{ id: string }>()
    const fal = quickProvider('fal', {
      start: () => {
        started.resolve(undefined)
        return answer.promise
      },
    })
    const { id } = await acceptGeneration(database)
    const { worker, notifier, clock } = await setUpWorker(database, [fal, quickProvider('replicate')])
    await worker.start()
    await started.promise
    await database.statements.updateTable('generations').set({ request: damage }).where('id', '=', id).execute()
    // By whatever reads it meanwhile.
    database.setAside.add(id, new StoredRowError('request'))
    // The check that makes this one begins with rows that are set aside.
    const other = await acceptGeneration(database, { provider: 'replicate' })
    clock.advance(1000)
    notifier.notifyWork()
    await expect.poll(() => stateOf(database, other.id)).toBe('done')
    expect(await endOf(database, id)).toEqual({ state: 'submitting', attempts: ['sent'], ledger: 'reserve' })
    answer.resolve({ id: 'job' })
    await expect.poll(() => endOf(database, id)).toEqual({ state: 'held', attempts: ['unknown'], ledger: 'reserve hold' })
    const attempt = await database.statements
      .selectFrom('attempts')
      .select('operation_id')
      .where('generation_id', '=', id)
      .executeTakeFirst()
    expect(attempt).toEqual({ operation_id: 'job' })
  })
})

describe.each(stores)('a held request on $name that cannot be read', (store) => {
  it.each([
    ['free', 'reserve hold release', 0],
    ['billed', 'reserve hold capture refund', 350_000],
  ] as const)('is settled as the operator decides: %s', async (decision, ledger, spent) => {
    const database = await openStore(store)
    const damaged = await putDamaged(database, 'submitting', 'unknown')
    const { worker, notifier } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    await expect.poll(() => stateOf(database, damaged)).toBe('held')
    expect(await decideHeld(database.statements, {}, decision)).toHaveLength(1)
    notifier.notifyWork()
    await expect.poll(() => endOf(database, damaged)).toEqual({ state: 'failed', attempts: ['unknown'], ledger })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
  })

  it('gives its guild the share back after an hour without a sign of a job', async () => {
    const database = await openStore(store)
    const damaged = await putDamaged(database, 'submitting', 'unknown')
    const { worker, notifier, clock } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    await expect.poll(() => stateOf(database, damaged)).toBe('held')
    clock.advance(61 * 60_000)
    notifier.notifyWork()
    const ledger = 'reserve hold release-guild'
    await expect.poll(() => endOf(database, damaged)).toEqual({ state: 'held', attempts: ['unknown'], ledger })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
  })
})

describe.each(stores)('a request on $name whose image is gone', (store) => {
  it('fails, with nothing charged, and keeps no other from being made', async () => {
    const database = await openStore(store)
    const damaged: string[] = []
    for (let count = 0; count < 2; count += 1) {
      const { id, request } = await acceptGeneration(database)
      const withImage = JSON.stringify({ ...request, firstFrame: image })
      await database.statements.updateTable('generations').set({ request: withImage }).where('id', '=', id).execute()
      damaged.push(id)
    }
    const { id } = await acceptGeneration(database)
    const { worker, seen } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    await expect.poll(() => stateOf(database, id)).toBe('done')
    for (const each of damaged)
      expect(await endOf(database, each)).toEqual({ state: 'failed', attempts: ['failed'], ledger: 'reserve release' })
    expect(seen.filter((outcome) => outcome === 'failed: internal')).toHaveLength(2)
  })
})
