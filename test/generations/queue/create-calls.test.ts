import { describe, expect, it } from 'vitest'

import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import { type CreateCall, type SentAttempt, sendAttempt } from '../../../src/generations/queue/create-calls.ts'
import { blockProvider } from '../../../src/generations/queue/provider-blocks.ts'
import { recordRefusal } from '../../../src/generations/store/provider-facts.ts'
import type { Database } from '../../../src/storage/database.ts'
import type { GenerationRow } from '../../../src/storage/schema.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { attemptsOf, claimed, owner, startsAt } from '../run/run-stage.ts'

const clock = createManualClock(startsAt)

/** A create call of a request that this process has claimed. */
async function callOf(database: Database, change: Partial<GenerationRow> = {}, provider = 'fal'): Promise<CreateCall> {
  const { id } = await claimed(database, 'submitting', { change })
  return { generationId: id, provider, owner, prepared: undefined, images: {}, clock }
}

describe.each(stores)('create calls on $name', (store) => {
  it('that leave at the same time are stored in one transaction; what prevents one prevents no other', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'replicate', 'auth', { now: Date.now() })
    const calls = [
      await callOf(database),
      await callOf(database, { cancel_requested_at: 1 }),
      await callOf(database, { owner: 'another-worker' }),
      await callOf(database, { state: 'queued' }),
      await callOf(database, {}, 'replicate'),
      await callOf(database),
    ]
    let transactions = 0
    const counted: Database = {
      ...database,
      transaction: (work) => {
        transactions += 1
        return database.transaction(work)
      },
    }
    const outcomes = await Promise.allSettled(calls.map((call) => sendAttempt(counted, call)))
    const endOf = (outcome: PromiseSettledResult<SentAttempt>) =>
      outcome.status === 'fulfilled' ? `${outcome.value.admission} ${outcome.value.attempt.state}` : (outcome.reason as Error).name
    expect(outcomes.map(endOf)).toEqual(['open sent', 'Outcome', 'LeaseLost', 'LeaseLost', 'BackToQueue', 'open sent'])
    expect(await Promise.all(calls.map(({ generationId }) => attemptsOf(database, generationId)))).toEqual([
      ['fal sent'],
      [],
      [],
      [],
      [],
      ['fal sent'],
    ])
    expect(transactions).toBe(1)
  })

  it('of one request are one, however many wait at the same time', async () => {
    const database = await openStore(store)
    const call = await callOf(database)
    const outcomes = await Promise.allSettled([call, { ...call }, { ...call }].map((each) => sendAttempt(database, each)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await attemptsOf(database, call.generationId)).toEqual(['fal sent'])
  })

  it('are not made where an earlier attempt may be a job; after a refusal the new attempt sorts last, whatever the clock says', async () => {
    const database = await openStore(store)
    const call = await callOf(database)
    const { attempt } = await sendAttempt(database, { ...call, provider: 'replicate' })
    await expect(sendAttempt(database, call)).rejects.toBeInstanceOf(LeaseLost)
    await recordRefusal(database.statements, attempt.id, { endReason: 'unavailable', now: startsAt })
    await sendAttempt(database, { ...call, clock: createManualClock(startsAt - 60_000) })
    expect(await attemptsOf(database, call.generationId)).toEqual(['replicate refused unavailable', 'fal sent'])
  })
})
