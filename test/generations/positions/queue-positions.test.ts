import { describe, expect, it } from 'vitest'

import { type ClipKind, type ClipRequest, modeOf } from '../../../src/domain/clip-request.ts'
import type { ImageReference } from '../../../src/domain/image.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import { pauseProvider } from '../../../src/generations/queue/provider-pauses.ts'
import { readQueuePositions } from '../../../src/generations/positions/queue-positions.ts'
import type { Database } from '../../../src/storage/database.ts'
import { requestColumn, StoredRowError } from '../../../src/storage/json-columns.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { claimAll } from '../../support/store/claims.ts'
import { acceptGeneration, type Wanted } from '../../support/store/generations.ts'
import { acceptSome } from '../../support/store/mixed-queue.ts'

const now = Date.parse('2026-05-04T12:00:00Z')
const minute = 60_000
const fal: ProviderCapacity = { id: 'fal', concurrency: 1, createsPerMinute: 1_000_000 }
const roomy: ProviderCapacity = { ...fal, concurrency: 1000 }
const image: ImageReference = { sha256: 'an-image', mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3 }

/** In minutes, for each five seconds of the clip. */
const minutesOf = { text: 1, 'first-frame': 3, 'first-and-last-frame': 5 }
const estimates = { runMs: (_id: string, clip: ClipKind) => minutesOf[modeOf(clip)] * (clip.durationSeconds / 5) * minute }

type Change = Partial<{ state: Generation['state']; started_at: number; candidates: string }>

/** A request, accepted and then brought into this shape. */
async function put(database: Database, wanted: Wanted & { clip?: Partial<ClipRequest> } = {}, change: Change = {}): Promise<string> {
  const { clip, ...rest } = wanted
  const { id, request } = await acceptGeneration(database, { now, ...rest })
  const set = { request: requestColumn.stringify({ ...request, ...clip }), ...change }
  await database.statements.updateTable('generations').set(set).where('id', '=', id).execute()
  return id
}

/** The expected times of all positions, in minutes from now. */
async function readMinutes(database: Database, providers = [roomy]): Promise<(number | undefined)[]> {
  const { front } = await readQueuePositions(database, { providers, estimates, now })
  return front.map(({ readyAt }) => (readyAt === undefined ? undefined : (readyAt - now) / minute))
}

async function readOrder(database: Database): Promise<string[]> {
  const { front, length } = await readQueuePositions(database, { providers: [roomy], estimates, now })
  expect(front.map(({ ahead }) => ahead)).toEqual(front.map((_, index) => index))
  expect(length).toBe(front.length)
  return front.map(({ id }) => id)
}

describe.each(stores)('the order that the cards show on $name', (store) => {
  it.each([1, 2, 3, 4, 5])('is the one in which requests are served (queue %i)', async (seed) => {
    const database = await openStore(store)
    await acceptSome(database, 20, { seed, now })
    // Some are claimed already, so that guilds and members have had turns and some are running.
    await claimAll(database, { ...roomy, concurrency: 6 }, { owner: 'worker', now })
    await acceptSome(database, 20, { seed: seed + 100, now })
    const order = await readOrder(database)
    expect(order).toHaveLength(34)
    const { claimed } = await claimAll(database, roomy, { owner: 'worker', now })
    expect(order).toEqual(claimed.map(({ id }) => id))
  })

  it('is empty while nothing is queued', async () => {
    const database = await openStore(store)
    expect(await readOrder(database)).toEqual([])
    await put(database, {}, { state: 'rendering', started_at: now })
    await put(database, {}, { state: 'done' })
    expect(await readOrder(database)).toEqual([])
  })

  it('begins with the guild that has the fewest clips running', async () => {
    const database = await openStore(store)
    const [most, some, none] = [{ guildId: '2001' }, { guildId: '2002' }, { guildId: '2003' }]
    await put(database, most, { state: 'submitting' })
    await put(database, { ...most, provider: 'replicate' }, { state: 'rendering', started_at: now })
    await put(database, some, { state: 'rendering', started_at: now })
    const [last, second, first, third] = [
      await put(database, most),
      await put(database, some),
      await put(database, none),
      await put(database, none),
    ]
    // After its first clip the last guild has one running, as the second guild had before it.
    expect(await readOrder(database)).toEqual([first, second, third, last])
  })

  it('is by age where nobody was served yet, and members of one guild take turns', async () => {
    const database = await openStore(store)
    const [one, other] = [{ memberId: '4001' }, { memberId: '4002' }]
    const [a, b, c] = [await put(database, one), await put(database, one), await put(database, other)]
    // The same member in another guild is another line.
    const d = await put(database, { ...one, guildId: '2009' })
    expect(await readOrder(database)).toEqual([a, d, c, b])
  })

  it('leaves out a request that was set aside', async () => {
    const database = await openStore(store)
    const [first, second] = [await put(database), await put(database)]
    database.setAside.add(first, new StoredRowError('generations.request'))
    expect(await readOrder(database)).toEqual([second])
  })

  it('is one for all providers', async () => {
    const database = await openStore(store)
    const [first, second] = [await put(database), await put(database, { provider: 'replicate' })]
    expect(await readOrder(database)).toEqual([first, second])
  })
})

describe.each(stores)('the time at which a queued clip is expected on $name', (store) => {
  it('depends on its length and its images', async () => {
    const database = await openStore(store)
    await put(database)
    await put(database, { clip: { durationSeconds: 10 } })
    await put(database, { clip: { firstFrame: image } })
    await put(database, { clip: { firstFrame: image, lastFrame: image } })
    await put(database, { clip: { durationSeconds: 10, firstFrame: image, lastFrame: image } })
    expect(await readMinutes(database)).toEqual([1, 2, 3, 5, 10])
  })

  it('does not depend on what the prompt says', async () => {
    const database = await openStore(store)
    await put(database, { clip: { prompt: '{"durationSeconds":10,"firstFrame":{"sha256":""},"lastFrame":{}}' } })
    expect(await readMinutes(database)).toEqual([1])
  })

  it('counts those that come before it', async () => {
    const database = await openStore(store)
    await put(database, { clip: { durationSeconds: 10 } })
    await put(database, { clip: { firstFrame: image } })
    await put(database)
    expect(await readMinutes(database, [fal])).toEqual([2, 5, 6])
  })

  it.each<[string, Change, number]>([
    ['from when the provider accepted it', { state: 'rendering', started_at: now - 2 * minute }, 5],
    ['from now while it is being submitted', { state: 'submitting' }, 7],
    ['from now while it is submitted to another provider than the one that had accepted it', { state: 'submitting', started_at: 1 }, 7],
    ['from now where its start is not known', { state: 'rendering' }, 7],
  ])('counts what is running, %s', async (_since, change, expected) => {
    const database = await openStore(store)
    await put(database, { clip: { durationSeconds: 10, firstFrame: image } }, change)
    await put(database)
    expect(await readMinutes(database, [fal])).toEqual([expected])
  })

  it.each([
    ['comes after the end of its provider’s pause', 10 * minute, 11],
    ['comes after an hour at most, however long the pause', 365 * 24 * 60 * minute, 61],
    ['is not put off by a pause that is over', -minute, 1],
  ])('%s', async (_rule, pauseMs, expected) => {
    const database = await openStore(store)
    await pauseProvider(database, 'fal', now + pauseMs)
    await pauseProvider(database, 'replicate', now + 20 * minute)
    await put(database)
    expect(await readMinutes(database)).toEqual([expected])
  })

  it('is not told where the slots of a provider are not known, nor where the row does not name its providers', async () => {
    const database = await openStore(store)
    await put(database, { candidates: ['fal', 'runware'] })
    await put(database, {}, { candidates: '["fal"' })
    await put(database)
    // The first one takes a slot all the same; the damaged one is set aside.
    expect(await readMinutes(database, [fal])).toEqual([undefined, 2])
  })
})
