import { describe, expect, it } from 'vitest'

import { captureInGroup } from '../../../src/generations/store/captures.ts'
import { recordDelivered } from '../../../src/generations/store/delivered.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { latestAttempt } from '../../../src/generations/store/attempts.ts'
import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { walletOf } from '../../support/store/generations.ts'
import { attempted, claimed, ledgerOf, owner, startsAt } from '../run/run-stage.ts'

const price = 350_000

async function completedJob(database: Database, own: { owner?: string; booked?: number; captured?: boolean } = {}) {
  const generation = await claimed(database, 'rendering', own.owner === undefined ? {} : { change: { owner: own.owner } })
  await attempted(database, generation, 'fal', { state: 'accepted', operation: `{"id":"${generation.id}"}`, operation_id: generation.id })
  if (own.owner !== undefined)
    await database.statements.updateTable('generations').set({ owner: own.owner }).where('id', '=', generation.id).execute()
  const attempt = (await latestAttempt(database.statements, generation.id)) ?? expect.unreachable('it was just written')
  const { booked = price } = own
  const cost = { booked, reported: booked === price ? undefined : booked, implausible: undefined }
  const output = { url: `https://x.example/${generation.id}`, expiresAt: startsAt + 1000, flagged: booked !== price }
  return { generationId: generation.id, attempt, owner, cost, output, now: startsAt }
}

describe.each(stores)('jobs that are completed at the same time on $name', (store) => {
  it('are each captured once, at their own cost, for their owner only', async () => {
    const database = await openStore(store)
    const jobs = [
      await completedJob(database),
      await completedJob(database, { booked: 360_000 }),
      await completedJob(database, { owner: 'another' }),
    ]
    const outcomes = await Promise.allSettled(jobs.map((job) => captureInGroup(database, job)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(outcomes[2]).toMatchObject({ reason: expect.any(LeaseLost) as LeaseLost })
    expect(await Promise.all(jobs.map(({ generationId }) => ledgerOf(database, generationId)))).toEqual([
      'reserve capture',
      'reserve capture difference',
      'reserve',
    ])
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: price, spent: 2 * price })
    expect(await walletOf(database, 'installation', 'month')).toEqual({ reserved: price, spent: 2 * price + 10_000 })
    const rows = await Promise.all(jobs.map(({ generationId }) => findRow(database.statements, generationId)))
    expect(rows.map((row) => [row?.state, row?.captured, row?.output_url, row?.output_flagged])).toEqual([
      ['delivering', 1, jobs[0]?.output.url, 0],
      ['delivering', 1, jobs[1]?.output.url, 1],
      ['rendering', 0, null, 0],
    ])
    const attempts = await database.statements
      .selectFrom('attempts')
      .select(['state', 'provider_cost', 'ended_at'])
      .orderBy('generation_id')
      .execute()
    expect(attempts).toEqual([
      { state: 'completed', provider_cost: null, ended_at: startsAt },
      { state: 'completed', provider_cost: 360_000, ended_at: startsAt },
      { state: 'accepted', provider_cost: null, ended_at: null },
    ])
  })

  it('are captured although one of them was settled before, or cannot be read', async () => {
    const database = await openStore(store)
    const jobs = [await completedJob(database), await completedJob(database), await completedJob(database), await completedJob(database)]
    const [first, settled, unreadable, last] = jobs
    if (!first || !settled || !unreadable || !last) expect.unreachable('there are four')
    await captureInGroup(database, settled)
    const put = (id: string, change: object) => database.statements.updateTable('generations').set(change).where('id', '=', id).execute()
    await put(settled.generationId, { state: 'rendering' })
    await put(unreadable.generationId, { request: '{' })
    const outcomes = await Promise.allSettled(jobs.map((job) => captureInGroup(database, job)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(await findRow(database.statements, unreadable.generationId)).toMatchObject({ state: 'rendering', captured: 0 })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: price, spent: 3 * price })
  })
})

describe.each(stores)('clips that are posted at the same time on $name', (store) => {
  it('are done, each with its message, for their owner only', async () => {
    const database = await openStore(store)
    const ids = [
      await claimed(database, 'delivering'),
      await claimed(database, 'delivering', { change: { owner: 'another' } }),
      await claimed(database, 'delivering'),
    ]
    const outcomes = await Promise.allSettled(
      ids.map(({ id }, index) => recordDelivered(database, { id, owner, messageId: `${index}`, now: index })),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const rows = await Promise.all(ids.map(({ id }) => findRow(database.statements, id)))
    expect(rows.map((row) => [row?.state, row?.message_id, row?.ended_at])).toEqual([
      ['done', '0', 0],
      ['delivering', null, null],
      ['done', '2', 2],
    ])
  })
})
