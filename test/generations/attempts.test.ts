import { describe, expect, it } from 'vitest'

import { closeAttempt, latestAttempt, markSent, openAttempt, recordOperation } from '../../src/generations/attempts.ts'
import { findLateAnswers } from '../../src/generations/late-answers.ts'
import { LeaseLost } from '../../src/generations/store.ts'
import { openStore, stores } from '../storage/stores.ts'
import { acceptGeneration } from '../support/generations.ts'

describe.each(stores)('attempts on $name', (store) => {
  it('are sent by one of several that hold the same one', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database)
    const attempt = await openAttempt(database.statements, { generationId: id, provider: 'fal', now: 1 })
    const outcomes = await Promise.allSettled([2, 3, 4].map((now) => markSent(database.statements, attempt, {}, now)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LeaseLost)
  })

  it('are not sent any more once they were given up', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database)
    const attempt = await openAttempt(database.statements, { generationId: id, provider: 'fal', now: 1 })
    await closeAttempt(database.statements, attempt.id, { state: 'refused', now: 2 })
    await expect(markSent(database.statements, attempt, {}, 3)).rejects.toBeInstanceOf(LeaseLost)
  })

  it('that were answered after their generation was held are found, and no others', async () => {
    const database = await openStore(store)
    const [late, lost] = [await acceptGeneration(database), await acceptGeneration(database)]
    for (const { id } of [late, lost]) {
      const attempt = await openAttempt(database.statements, { generationId: id, provider: 'fal', now: 1 })
      await markSent(database.statements, attempt, {}, 2)
      await closeAttempt(database.statements, attempt.id, { state: 'unknown', now: 3 })
      await database.statements
        .updateTable('generations')
        .set({ state: 'held', end_reason: 'submission_unknown' })
        .where('id', '=', id)
        .execute()
    }
    expect(await findLateAnswers(database.statements)).toEqual([])
    const answered = await latestAttempt(database.statements, late.id)
    await recordOperation(database.statements, answered?.id ?? '', { id: 'job' })
    expect(await findLateAnswers(database.statements)).toEqual([late.id])
  })
})
