import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'

import type { ImageReference } from '../../../src/domain/image.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { latestAttempt, openAttempt } from '../../../src/generations/store/attempts.ts'
import { eraseTokens } from '../../../src/generations/store/erase.ts'
import { findGeneration, insertGenerations, updateIf } from '../../../src/generations/store/generations.ts'
import { createEstimates } from '../../../src/generations/store/run-time-estimates.ts'
import { createRetention } from '../../../src/generations/worker/retention.ts'
import { createLog } from '../../../src/lib/log.ts'
import { type Database, openDatabase } from '../../../src/storage/database.ts'
import { storeImage } from '../../../src/storage/images.ts'
import { hasPostgres, openPlace, openStore, stores, temporaryPostgres } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const day = 24 * 60 * 60_000
const now = Date.UTC(2026, 10, 21)
const log = createLog({ level: 'silent' })

function retentionOf(database: Database, at = now) {
  return createRetention({ database, clock: { now: () => at, sleep: () => Promise.resolve() }, log, retentionMs: 30 * day })
}

const imageOf = (sha256: string): ImageReference => ({ sha256, mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3 })

/** Asked for so many days ago, from an image, and ended at once; with an attempt and a webhook. Returns its id. */
async function put(database: Database, state: 'done' | 'failed' | 'held' | 'queued', daysAgo: number, sha256: string): Promise<string> {
  const { statements } = database
  const at = now - daysAgo * day
  await storeImage(statements, { ...imageOf(sha256), bytes: Uint8Array.of(1, 2, 3) }, at)
  const { request, ...accepted } = await acceptGeneration(database, { now: at })
  // Again as the queue writes it, with the image.
  const id = `${accepted.id}i`
  const interactionId = `9${accepted.reply.interactionId}`
  const copy = { ...accepted, id, reply: { ...accepted.reply, interactionId }, request: { ...request, firstFrame: imageOf(sha256) } }
  await database.transaction((transaction) => insertGenerations(transaction, [copy]))
  await statements.deleteFrom('ledger').where('generation_id', '=', accepted.id).execute()
  await statements.deleteFrom('generations').where('id', '=', accepted.id).execute()
  await statements.updateTable('generations').set({ state: 'submitting', owner: 'a' }).where('id', '=', id).execute()
  const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner: 'a', now: at })
  const images = '{"firstFrame":{"url":"https://provider.example/image"}}'
  await statements.updateTable('attempts').set({ images, state: 'completed', ended_at: at }).where('id', '=', attempt.id).execute()
  await statements
    .insertInto('webhook_events')
    .values({ attempt_id: attempt.id, delivery_id: 'one', operation: '{"id":"job"}', received_at: at })
    .execute()
  const ended = state === 'queued' ? {} : { ended_at: at, output_url: 'https://provider.example/clip' }
  await statements
    .updateTable('generations')
    .set({ state, started_at: at - 7000, ...ended })
    .where('id', '=', id)
    .execute()
  return id
}

async function storedOf(database: Database, id: string) {
  const [generation, attempt] = [await findGeneration(database.statements, id), await latestAttempt(database.statements, id)]
  const events = await database.statements
    .selectFrom('webhook_events')
    .select('delivery_id')
    .where('attempt_id', '=', attempt?.id ?? '')
    .execute()
  return {
    prompt: generation?.request.prompt,
    token: generation?.reply.token !== '',
    clip: generation?.outputUrl !== undefined,
    hosted: attempt?.images.firstFrame !== undefined,
    events: events.length,
  }
}

async function imagesOf({ statements }: Database): Promise<string[]> {
  return (await statements.selectFrom('images').select('sha256').orderBy('sha256').execute()).map(({ sha256 }) => sha256)
}

const kept = { prompt: 'a boat at dawn', clip: true, hosted: true, events: 1 }
const erased = { prompt: '', token: false, clip: false, hosted: false, events: 0 }

describe.each(stores)('what is past its retention on $name', (store) => {
  it('is erased in batches, also after a restart; an image stays while a kept generation names it', async () => {
    const place = await store.placeWithTables()
    const first = await openDatabase(place)
    const old: string[] = []
    for (let count = 0; count < 55; count += 1) old.push(await put(first, count % 2 === 0 ? 'done' : 'failed', 31, `old-${count % 9}`))
    old.push(await put(first, 'done', 31, 'shared'))
    const recent = await put(first, 'done', 29, 'shared')
    const erasedOf = async ({ statements }: Database) =>
      (await statements.selectFrom('generations').select('id').where('erased_at', 'is not', null).execute()).length
    await retentionOf(first).run()
    expect(await erasedOf(first)).toBe(50)
    expect((await imagesOf(first)).length).toBeGreaterThanOrEqual(10 - 5)
    await first.close()

    const database = await openPlace(place)
    const retention = retentionOf(database)
    // Two more batches of images, then nothing.
    for (let runs = 0; runs < 3; runs += 1) await retention.run()
    expect(await erasedOf(database)).toBe(old.length)
    for (const id of old) expect(await storedOf(database, id)).toEqual(erased)
    expect(await storedOf(database, recent)).toEqual({ ...kept, token: false })
    expect(await imagesOf(database)).toEqual(['shared'])
    // What is learned from erased runs stays the same.
    expect((await createEstimates(database)).runMs('fal', { durationSeconds: 5, firstFrame: imageOf('any') })).toBe(7000)
  })

  it('is kept for a held generation until it is settled, and for one that waits', async () => {
    const database = await openStore(store)
    const [held, queued] = [await put(database, 'held', 90, 'of-held'), await put(database, 'queued', 90, 'of-queued')]
    await retentionOf(database).run()
    expect(await storedOf(database, held)).toEqual({ ...kept, token: false })
    expect(await storedOf(database, queued)).toEqual({ ...kept, token: false, clip: false })
    expect(await imagesOf(database)).toEqual(['of-held', 'of-queued'])
    await database.statements.updateTable('generations').set({ state: 'failed', ended_at: now }).where('id', '=', held).execute()
    await retentionOf(database, now + 31 * day).run()
    expect(await storedOf(database, held)).toEqual(erased)
    expect(await imagesOf(database)).toEqual(['of-queued'])
  })

  it('keeps of a request what run times are learned from, and nothing of one that cannot be read', async () => {
    const database = await openStore(store)
    const [readable, unreadable] = [await put(database, 'done', 31, 'first'), await put(database, 'done', 31, 'second')]
    const { statements } = database
    const request = { prompt: 'a boat', durationSeconds: 10, aspectRatio: '9:16', firstFrame: imageOf('first'), lastFrame: imageOf('last') }
    await statements
      .updateTable('generations')
      .set({ request: JSON.stringify(request) })
      .where('id', '=', readable)
      .execute()
    await statements.updateTable('generations').set({ request: '{"prompt":"a secret pl' }).where('id', '=', unreadable).execute()
    await retentionOf(database).run()
    const requestOf = async (id: string) => (await findGeneration(statements, id))?.request
    const unnamed = imageOf('')
    expect(await requestOf(readable)).toEqual({ ...request, prompt: '', firstFrame: unnamed, lastFrame: unnamed })
    expect(await requestOf(unreadable)).toEqual({ prompt: '', durationSeconds: 5 })
  })

  it('includes the image of a refused request, after an hour', async () => {
    const database = await openStore(store)
    const image = { ...imageOf('refused'), bytes: Uint8Array.of(1) }
    await storeImage(database.statements, image, now - 30 * 60_000)
    await retentionOf(database).run()
    expect(await imagesOf(database)).toEqual(['refused'])
    await retentionOf(database, now + 31 * 60_000).run()
    expect(await imagesOf(database)).toEqual([])
  })

  it('a token is erased after a quarter of an hour, and no ledger row ever', async () => {
    const database = await openStore(store)
    const [older, newer] = [
      await acceptGeneration(database, { now: now - 16 * 60_000 }),
      await acceptGeneration(database, { now: now - 14 * 60_000 }),
    ]
    const ledger = () => database.statements.selectFrom('ledger').selectAll().orderBy('sequence').execute()
    const before = await ledger()
    await retentionOf(database).run()
    const tokens = await Promise.all([older, newer].map(async ({ id }) => (await findGeneration(database.statements, id))?.reply.token))
    expect(tokens).toEqual(['', newer.reply.token])
    expect(await ledger()).toEqual(before)
  })
})

it.skipIf(!hasPostgres)(
  'an image that only the request names is kept: a process of an earlier version accepted it during an update',
  async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const ids = [await put(database, 'queued', 1, 'one'), await put(database, 'queued', 1, 'two')]
    await database.statements.deleteFrom('generation_images').execute()
    await retentionOf(database).run()
    expect(await imagesOf(database)).toEqual(['one', 'two'])
    const [first = ''] = ids
    await database.statements.updateTable('generations').set({ state: 'failed', ended_at: now }).where('id', '=', first).execute()
    await retentionOf(database, now + 31 * day).run()
    expect(await imagesOf(database)).toEqual(['two'])
  },
)

it.skipIf(!hasPostgres)('tokens are erased beside a claim that locks the same requests in another order', async () => {
  const database = await openPlace({ url: await temporaryPostgres() })
  const first = await acceptGeneration(database, { now: now - 17 * 60_000 })
  const second = await acceptGeneration(database, { now: now - 16 * 60_000 })
  const tokensOf = async () => {
    const rows = await database.statements.selectFrom('generations').select('interaction_token').orderBy('id').execute()
    return rows.map((row) => row.interaction_token)
  }
  const waiting = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  const isWaiting = async () => (await waiting.execute(database.statements)).rows.length > 0
  const erase = () => eraseTokens(database, { before: now - 15 * 60_000, limit: 50 })
  await database.transaction(async (transaction) => {
    const claim = ({ id }: Generation) => updateIf(transaction, { id, state: 'queued' }, { state: 'submitting' })
    await claim(second)
    let isOver = false
    const erased = erase().finally(() => (isOver = true))
    await expect.poll(async () => isOver || (await isWaiting())).toBe(true)
    await claim(first)
    expect(await erased).toBe(1)
  })
  expect(await tokensOf()).toEqual(['', second.reply.token])
  expect(await erase()).toBe(1)
})
