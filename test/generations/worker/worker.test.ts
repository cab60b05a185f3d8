import type { KyselyPlugin } from 'kysely'
import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { closeAttempt, latestAttempt, markSent, openAttempt, recordOperation } from '../../../src/generations/store/attempts.ts'
import type { GenerationState } from '../../../src/generations/model/generation.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import type { Database } from '../../../src/storage/database.ts'
import { addWorker } from '../../../src/storage/worker-heartbeats.ts'
import { hasPostgres, openPlace, openStore, stores, temporaryPostgres } from '../../storage/stores.ts'
import { acceptGeneration, type Wanted } from '../../support/generations.ts'
import { quickProvider, setUpWorker } from './worker-stage.ts'

const dead = 'a-worker-that-died'

async function put(database: Database, id: string, state: GenerationState, change: Record<string, unknown> = {}): Promise<void> {
  await database.statements
    .updateTable('generations')
    .set({ state, owner: dead, ...change })
    .where('id', '=', id)
    .execute()
}

/** A request whose create call was sent when its worker died. */
async function acceptSent(database: Database, wanted: Wanted = {}) {
  const generation = await acceptGeneration(database, wanted)
  await put(database, generation.id, 'submitting')
  const attempt = await openAttempt(database, { generationId: generation.id, provider: generation.provider, owner: dead, now: Date.now() })
  return { ...generation, attempt: await markSent(database.statements, attempt, {}, Date.now()) }
}

async function acceptHeld(database: Database, wanted: Wanted = {}) {
  const sent = await acceptSent(database, wanted)
  await closeAttempt(database.statements, sent.attempt.id, { state: 'unknown', now: Date.now() })
  await put(database, sent.id, 'held', { ended_at: Date.now(), end_reason: 'submission_unknown' })
  return sent
}

async function ledgerOf({ statements }: Database, id: string): Promise<string> {
  const rows = await statements.selectFrom('ledger').select('kind').where('generation_id', '=', id).orderBy('sequence').execute()
  return rows.map(({ kind }) => kind).join(' ')
}

const stateOf = async ({ statements }: Database, id: string) => (await findRow(statements, id))?.state

/** The same store, except that the response to one statement is lost once, after it took effect. */
function losingAnswer(database: Database, isTheOne: (query: string) => boolean): Database {
  let lost: object | undefined
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      if (!lost && isTheOne(JSON.stringify(node))) lost = queryId
      return node
    },
    transformResult: ({ result, queryId }) =>
      queryId === lost ? Promise.reject(new Error('Connection terminated unexpectedly')) : Promise.resolve(result),
  }
  return { ...database, statements: database.statements.withPlugin(plugin) }
}

describe.each(stores)('a worker on $name', (store) => {
  it('does not run a finished clip again, although the response to its last statement was lost', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database)
    const isDone = (query: string) => query.includes('UpdateQuery') && query.includes('"done"')
    const { worker, clock, seen } = await setUpWorker(losingAnswer(database, isDone), [quickProvider('fal')])
    await worker.start()
    await expect.poll(() => stateOf(database, id)).toBe('done')
    // By the bot's clock: past the delay before a retry.
    await clock.sleep(10_000)
    expect(await stateOf(database, id)).toBe('done')
    expect([await ledgerOf(database, id), seen]).toEqual(['reserve capture', ['post']])
  })

  it('runs the clips of a claim whose response was lost', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database)
    let lost = false
    const losing: Database = {
      ...database,
      transaction: async (work) => {
        const result = await database.transaction(work)
        if (lost || (await stateOf(database, id)) !== 'submitting') return result
        lost = true
        throw new Error('Connection terminated unexpectedly')
      },
    }
    const provider = quickProvider('fal')
    const { worker } = await setUpWorker(losing, [provider])
    await worker.start()
    await expect.poll(() => stateOf(database, id), { timeout: 10_000 }).toBe('done')
    expect([lost, provider.creates]).toEqual([true, 1])
  })

  it('resumes after a late response, although checking another held request fails', async () => {
    const database = await openStore(store)
    const [silent, spoken] = [await acceptHeld(database), await acceptHeld(database)]
    const event = { delivery_id: 'one', operation: JSON.stringify({ id: 'silent' }), received_at: Date.now() + 60_000 }
    await database.statements.updateTable('attempts').set({ operation: event.operation }).where('id', '=', silent.attempt.id).execute()
    await database.statements
      .insertInto('webhook_events')
      .values({ attempt_id: silent.attempt.id, ...event })
      .execute()
    await recordOperation(database.statements, spoken.attempt.id, { id: 'spoken' })
    const fal = quickProvider('fal', {
      status: (operation) =>
        operation.id === 'silent'
          ? Promise.reject(new ProviderError({ provider: 'fal', kind: 'unavailable', httpStatus: 503 }))
          : Promise.resolve({ state: 'completed', url: 'https://provider.example/clip.mp4' }),
    })
    const { worker } = await setUpWorker(database, [fal])
    await worker.start()
    await expect.poll(() => stateOf(database, spoken.id)).toBe('done')
    expect([await stateOf(database, silent.id), fal.creates]).toEqual(['held', 0])
  })

  it('fails over a held request once its provider reports that it refused it', async () => {
    const database = await openStore(store)
    const { id, attempt } = await acceptHeld(database, { candidates: ['fal', 'replicate'] })
    await closeAttempt(database.statements, attempt.id, { state: 'refused', endReason: 'unavailable', now: Date.now() })
    const [fal, replicate] = [quickProvider('fal'), quickProvider('replicate')]
    const { worker } = await setUpWorker(database, [fal, replicate])
    await worker.start()
    await expect.poll(() => stateOf(database, id)).toBe('done')
    expect([fal.creates, replicate.creates, await ledgerOf(database, id)]).toEqual([0, 1, 'reserve capture'])
  })

  it.each(['sent', 'accepted'])('holds what is or may be a job at a provider whose key was removed (%s)', async (how) => {
    const database = await openStore(store)
    const { id, attempt } = await acceptSent(database)
    if (how === 'accepted') await recordOperation(database.statements, attempt.id, { id: 'job' })
    const { worker, seen } = await setUpWorker(database, [quickProvider('replicate')])
    await worker.start()
    await expect.poll(() => seen).toEqual(['held: auth'])
    expect(await ledgerOf(database, id)).toBe('reserve hold')
  })

  it('calls no provider a second time where an attempt was made by a clock that ran ahead', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { provider: 'fal', candidates: ['replicate', 'fal'] })
    await put(database, id, 'submitting')
    const opening = { generationId: id, owner: dead }
    const ahead = await openAttempt(database, { ...opening, provider: 'replicate', now: Date.now() + 10_000 })
    await closeAttempt(database.statements, ahead.id, { state: 'refused', endReason: 'unavailable', now: Date.now() })
    const sent = await openAttempt(database, { ...opening, provider: 'fal', now: Date.now() })
    await markSent(database.statements, sent, {}, Date.now())
    expect((await latestAttempt(database.statements, id))?.id).toBe(sent.id)
    const [fal, replicate] = [quickProvider('fal'), quickProvider('replicate')]
    const { worker, seen } = await setUpWorker(database, [fal, replicate])
    await worker.start()
    await expect.poll(() => seen).toEqual(['held: submission_unknown'])
    expect([fal.creates, replicate.creates]).toEqual([0, 0])
  })
})

describe.skipIf(!hasPostgres)('a worker that lacks the key of a provider', () => {
  it('leaves its queue to a worker that has it, and reroutes it once none has', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    await addWorker(database.statements, database, { id: 'another', role: 'worker', providers: ['fal'] })
    const { id } = await acceptGeneration(database, { provider: 'fal', candidates: ['fal', 'replicate'] })
    // The other worker appears younger, so this one maintains the queue.
    await database.statements
      .updateTable('workers')
      .set({ started_at: Number.MAX_SAFE_INTEGER, heartbeat_at: Number.MAX_SAFE_INTEGER })
      .execute()
    const provider = quickProvider('replicate')
    const { worker, notifier } = await setUpWorker(database, [provider])
    await worker.start()
    const first = await acceptGeneration(database, { provider: 'replicate' })
    notifier.notifyWork()
    await expect.poll(() => stateOf(database, first.id)).toBe('done')
    expect(await stateOf(database, id)).toBe('queued')
    await database.statements.deleteFrom('workers').where('id', '=', 'another').execute()
    notifier.notifyWork()
    await expect.poll(() => stateOf(database, id)).toBe('done')
    expect(provider.creates).toBe(2)
  })
})
