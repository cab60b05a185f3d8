import { describe, expect, it } from 'vitest'

import type { ImageReference } from '../../../src/domain/image.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { createEstimates, progressOf, typicalRunMs } from '../../../src/generations/store/run-time-estimates.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const image: ImageReference = { sha256: 'an-image', mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3 }
const short = { durationSeconds: 5 } as const
const long = { durationSeconds: 10 } as const

let runs = 0

/** A run that an earlier process completed. */
async function putRun(database: Database, times: { started_at: number | null; ended_at: number | null }): Promise<void> {
  runs += 1
  const { statements } = database
  const { id } = await acceptGeneration(database)
  await statements.updateTable('generations').set({ state: 'submitting', owner: 'a' }).where('id', '=', id).execute()
  const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner: 'a', now: runs })
  await statements.updateTable('generations').set({ state: 'done', started_at: times.started_at }).where('id', '=', id).execute()
  await statements.updateTable('attempts').set({ state: 'completed', ended_at: times.ended_at }).where('id', '=', attempt.id).execute()
}

describe.each(stores)('run times learned on $name', (store) => {
  it('are those that the model takes, until something is learned', async () => {
    const estimates = await createEstimates(await openStore(store))
    expect([estimates.runMs('fal', short), estimates.runMs('fal', long)]).toEqual([160_000, 250_000])
    expect(typicalRunMs).toEqual({ 5: 160_000, 10: 250_000 })
  })

  it('are the upper one of two that were learned', async () => {
    const estimates = await createEstimates(await openStore(store))
    estimates.learn('fal', short, 2000)
    estimates.learn('fal', short, 1000)
    expect(estimates.runMs('fal', short)).toBe(2000)
  })

  it('differ by provider, mode and duration', async () => {
    const estimates = await createEstimates(await openStore(store))
    estimates.learn('fal', short, 1000)
    estimates.learn('replicate', short, 2000)
    estimates.learn('fal', long, 3000)
    estimates.learn('fal', { ...short, firstFrame: image }, 4000)
    const learned = [
      estimates.runMs('fal', short),
      estimates.runMs('replicate', short),
      estimates.runMs('fal', long),
      estimates.runMs('fal', { ...short, firstFrame: image }),
    ]
    expect(learned).toEqual([1000, 2000, 3000, 4000])
  })

  it('are the median of the latest twenty', async () => {
    const estimates = await createEstimates(await openStore(store))
    // In an order that sorting as text would keep wrong.
    for (const milliseconds of [9000, 100_000, 20_000]) estimates.learn('fal', short, milliseconds)
    expect(estimates.runMs('fal', short)).toBe(20_000)
    for (let count = 0; count < 20; count += 1) estimates.learn('fal', short, 30_000)
    for (let count = 0; count < 10; count += 1) estimates.learn('fal', short, 50_000)
    // Ten of each are left; of an even number the upper middle counts.
    expect(estimates.runMs('fal', short)).toBe(50_000)
    for (let count = 0; count < 10; count += 1) estimates.learn('fal', short, 1000)
    expect(estimates.runMs('fal', short)).toBe(50_000)
    estimates.learn('fal', short, 1000)
    expect(estimates.runMs('fal', short)).toBe(1000)
  })

  it('go on from the latest runs of earlier processes', async () => {
    const database = await openStore(store)
    for (const started_at of [10_000, 20_000, 30_000]) await putRun(database, { started_at, ended_at: 90_000 })
    // Neither tells a run time.
    for (let count = 0; count < 4; count += 1) await putRun(database, { started_at: null, ended_at: 90_000 })
    for (let count = 0; count < 4; count += 1) await putRun(database, { started_at: 10_000, ended_at: null })
    const estimates = await createEstimates(database)
    expect(estimates.runMs('fal', short)).toBe(70_000)
    expect(estimates.runMs('fal', long)).toBe(250_000)
  })

  it('of earlier processes count from the oldest to the newest', async () => {
    const database = await openStore(store)
    for (let count = 0; count < 12; count += 1) await putRun(database, { started_at: 0, ended_at: 1000 })
    for (let count = 0; count < 20; count += 1) await putRun(database, { started_at: 0, ended_at: 9000 })
    const estimates = await createEstimates(database)
    expect(estimates.runMs('fal', short)).toBe(9000)
    // Those of the earlier processes leave first.
    for (let count = 0; count < 9; count += 1) estimates.learn('fal', short, 5000)
    expect(estimates.runMs('fal', short)).toBe(9000)
    estimates.learn('fal', short, 5000)
    estimates.learn('fal', short, 5000)
    expect(estimates.runMs('fal', short)).toBe(5000)
  })
})

it('progress goes from 0 to just under 1, however late the clip', () => {
  expect([-1000, 0, 50_000, 97_000, 100_000, 1_000_000].map((elapsedMs) => progressOf(elapsedMs, 100_000))).toEqual([
    0, 0, 0.5, 0.97, 0.97, 0.97,
  ])
  // Nothing is expected of a clip that takes no time at all.
  expect([progressOf(0, 0), progressOf(10, 0)]).toEqual([0, 0.97])
})
