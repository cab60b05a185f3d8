import type { KyselyPlugin } from 'kysely'
import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { latestAttempt, openAttempt, recordLostResponse } from '../../../src/generations/store/attempts.ts'
import type { GenerationState } from '../../../src/generations/model/generation.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { recordOperation, recordRefusal } from '../../../src/generations/store/provider-facts.ts'
import type { Database } from '../../../src/storage/database.ts'
import { storeImage } from '../../../src/storage/images.ts'
import { requestColumn } from '../../../src/storage/json-columns.ts'
import { addWorker } from '../../../src/storage/workers.ts'
import { hasPostgres, openPlace, openStore, stores, temporaryPostgres } from '../../storage/stores.ts'
import { acceptGeneration, type Wanted } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker, type TestWorker } from './worker-stage.ts'
import { markSent } from '../../support/store/attempts.ts'

const dead = 'a-worker-that-died'
const image = { sha256: 'ab', mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3, bytes: Uint8Array.of(1, 2, 3) } as const

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
  return { ...generation, attempt: await markSent(database, { attempt, owner: dead }, {}, Date.now()) }
}

async function acceptHeld(database: Database, wanted: Wanted = {}) {
  const sent = await acceptSent(database, wanted)
  await recordLostResponse(database, { attempt: sent.attempt, owner: dead }, { endReason: 'submission_unknown', now: Date.now() })
  await put(database, sent.id, 'held', { ended_at: Date.now(), end_reason: 'submission_unknown' })
  return sent
}

async function ledgerOf({ statements }: Database, id: string): Promise<string> {
  const rows = await statements.selectFrom('ledger').select('kind').where('generation_id', '=', id).orderBy('sequence').execute()
  return rows.map(({ kind }) => kind).join(' ')
}

const longAgo = 11 * 60_000

/** As if so much time had passed, by the clock of the store too, since anything was served. */
async function pass(milliseconds: number, { statements }: Database, { clock, notifier }: TestWorker): Promise<void> {
  clock.advance(milliseconds)
  await statements
    .updateTable('provider_state')
    .set((state) => ({ served_at: state('served_at', '-', milliseconds) }))
    .execute()
  await statements.updateTable('workers').set({ started_at: 0 }).execute()
  notifier.notifyWork()
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
    await expect.poll(() => stateOf(database, id)).toBe('done')
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
    await recordRefusal(database.statements, attempt.id, { endReason: 'unavailable', now: Date.now() })
    const [fal, replicate] = [quickProvider('fal'), quickProvider('replicate')]
    const { worker } = await setUpWorker(database, [fal, replicate])
    await worker.start()
    await expect.poll(() => stateOf(database, id)).toBe('done')
    expect([fal.creates, replicate.creates, await ledgerOf(database, id)]).toEqual([0, 1, 'reserve capture'])
  })

  it('leaves a request to its new owner, although the upload of its image failed here', async () => {
    const database = await openStore(store)
    await addWorker(database.statements, database, { id: 'another', role: 'worker', providers: ['fal'] })
    const { id, request } = await acceptGeneration(database)
    await storeImage(database.statements, image, Date.now())
    const withImage = requestColumn.stringify({ ...request, firstFrame: image })
    await database.statements.updateTable('generations').set({ request: withImage }).where('id', '=', id).execute()
    const failed = Promise.withResolvers<undefined>()
    const fal = quickProvider('fal', {
      prepare: async () => {
        await put(database, id, 'submitting', { owner: 'another' })
        failed.resolve(undefined)
        throw new ProviderError({ provider: 'fal', kind: 'unavailable', failoverSafe: true })
      },
    })
    const { worker, seen } = await setUpWorker(database, [fal])
    await worker.start()
    await failed.promise
    await worker.stop({ graceMs: 5000 })
    expect(await findRow(database.statements, id)).toMatchObject({ state: 'submitting', owner: 'another' })
    expect([(await latestAttempt(database.statements, id))?.state, seen]).toEqual(['preparing', []])
  })

  it.each(['sent', 'accepted'])('holds what is or may be a job at a provider whose key was removed ten minutes ago (%s)', async (how) => {
    const database = await openStore(store)
    const { id, attempt } = await acceptSent(database, { now: Date.now() - longAgo })
    if (how === 'accepted') await recordOperation(database.statements, attempt.id, { id: 'job' })
    const tested = await setUpWorker(database, [quickProvider('replicate')])
    await tested.worker.start()
    const other = await acceptGeneration(database, { provider: 'replicate' })
    tested.notifier.notifyWork()
    await expect.poll(() => stateOf(database, other.id)).toBe('done')
    // The only worker with its key may be restarting.
    expect(await findRow(database.statements, id)).toMatchObject({ state: 'submitting', owner: dead })
    await pass(longAgo, database, tested)
    await expect.poll(() => tested.seen).toEqual(['post', 'held: auth'])
    expect(await ledgerOf(database, id)).toBe('reserve hold')
  })

  it('returns to the queue what was not sent to a provider whose key was removed ten minutes ago', async () => {
    const database = await openStore(store)
    const made = await acceptGeneration(database, { provider: 'fal', candidates: ['fal', 'replicate'], now: Date.now() - longAgo })
    await put(database, made.id, 'submitting')
    await openAttempt(database, { generationId: made.id, provider: 'fal', owner: dead, now: Date.now() })
    const alone = await acceptGeneration(database, { provider: 'fal', now: Date.now() - longAgo })
    await put(database, alone.id, 'submitting')
    const tested = await setUpWorker(database, [quickProvider('replicate')])
    await tested.worker.start()
    await pass(longAgo, database, tested)
    const states = () => Promise.all([made, alone].map(({ id }) => stateOf(database, id)))
    await expect.poll(states).toEqual(['done', 'failed'])
    expect(await ledgerOf(database, made.id)).toBe('reserve capture')
    expect(await ledgerOf(database, alone.id)).toBe('reserve release')
  })

  it('calls no provider a second time where an attempt was made by a clock that ran ahead', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { provider: 'fal', candidates: ['replicate', 'fal'] })
    await put(database, id, 'submitting')
    const opening = { generationId: id, owner: dead }
    const ahead = await openAttempt(database, { ...opening, provider: 'replicate', now: Date.now() + 10_000 })
    await recordRefusal(database.statements, ahead.id, { endReason: 'unavailable', now: Date.now() })
    const sent = await openAttempt(database, { ...opening, provider: 'fal', now: Date.now() })
    await markSent(database, { attempt: sent, owner: dead }, {}, Date.now())
    expect((await latestAttempt(database.statements, id))?.id).toBe(sent.id)
    const [fal, replicate] = [quickProvider('fal'), quickProvider('replicate')]
    const { worker, seen } = await setUpWorker(database, [fal, replicate])
    await worker.start()
    await expect.poll(() => seen).toEqual(['held: submission_unknown'])
    expect([fal.creates, replicate.creates]).toEqual([0, 0])
  })
})

describe.skipIf(!hasPostgres)('a worker that lacks the key of a provider', () => {
  it('leaves its requests to a worker that has it, and ends them once none has had it for ten minutes', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    await addWorker(database.statements, database, { id: 'another', role: 'worker', providers: ['fal'] })
    const { id } = await acceptGeneration(database, { provider: 'fal', now: Date.now() - longAgo })
    const either = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    // The other worker appears younger, so this one maintains the queue, and never silent.
    await database.statements
      .updateTable('workers')
      .set({ started_at: Number.MAX_SAFE_INTEGER, heartbeat_at: Number.MAX_SAFE_INTEGER })
      .execute()
    const tested = await setUpWorker(database, [quickProvider('replicate')])
    await tested.worker.start()
    const isDone = async () => {
      const { id: next } = await acceptGeneration(database, { provider: 'replicate' })
      tested.notifier.notifyWork()
      await expect.poll(() => stateOf(database, next)).toBe('done')
    }
    await isDone()
    await expect.poll(() => stateOf(database, either.id)).toBe('done')
    await database.statements.updateTable('workers').set({ started_at: 0 }).where('id', '!=', 'another').execute()
    await isDone()
    await database.statements.deleteFrom('workers').where('id', '=', 'another').execute()
    await isDone()
    // It was served a moment ago.
    expect(await stateOf(database, id)).toBe('queued')
    await pass(longAgo, database, tested)
    await expect.poll(() => tested.seen).toContain('failed: unavailable')
    expect(await ledgerOf(database, id)).toBe('reserve release')
  })
})
