import { describe, expect, it } from 'vitest'

import {
  closeUnsent,
  discardUnsent,
  latestAttempt,
  listAttempts,
  openAttempt,
  recordLostResponse,
  unmarkSent,
  updateAttempt,
} from '../../../src/generations/store/attempts.ts'
import { OperationTaken, recordAccepted, recordOperation, recordRefusal } from '../../../src/generations/store/provider-facts.ts'
import type { GenerationState } from '../../../src/domain/generation-state.ts'
import { findLateResponses } from '../../../src/generations/held/resume.ts'
import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import type { Database } from '../../../src/storage/database.ts'
import { StoredRowError } from '../../../src/storage/json-columns.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { markSent } from '../../support/store/attempts.ts'

const owner = 'this-process'

async function put({ statements }: Database, id: string, state: GenerationState): Promise<void> {
  await statements.updateTable('generations').set({ state }).where('id', '=', id).execute()
}

async function claimed(database: Database): Promise<Parameters<typeof openAttempt>[1]> {
  const { id } = await acceptGeneration(database)
  await database.statements.updateTable('generations').set({ state: 'submitting', owner }).where('id', '=', id).execute()
  return { generationId: id, provider: 'fal', owner, now: 1 }
}

describe.each(stores)('attempts on $name', (store) => {
  it('are not opened by a process that lost the claim', async () => {
    const database = await openStore(store)
    const opening = await claimed(database)
    await expect(openAttempt(database, { ...opening, owner: 'a-former-owner' })).rejects.toBeInstanceOf(LeaseLost)
    await put(database, opening.generationId, 'rendering')
    await expect(openAttempt(database, opening)).rejects.toBeInstanceOf(LeaseLost)
  })

  it('are removed if nothing was sent, and only then', async () => {
    const database = await openStore(store)
    const opening = await claimed(database)
    const other = await openAttempt(database, await claimed(database))
    const attempt = await openAttempt(database, opening)
    await discardUnsent(database, { attempt, owner })
    expect(await listAttempts(database.statements, opening.generationId)).toEqual([])
    expect(await listAttempts(database.statements, other.generationId)).toHaveLength(1)
    const sent = await openAttempt(database, opening)
    await markSent(database, { attempt: sent, owner }, {}, 2)
    await discardUnsent(database, { attempt: sent, owner })
    expect(await listAttempts(database.statements, opening.generationId)).toHaveLength(1)
  })

  it('that are accepted at the same time are recorded, but for one whose job another attempt has', async () => {
    const database = await openStore(store)
    const accept = async (job: string) => {
      const opening = await claimed(database)
      const attempt = await markSent(database, { attempt: await openAttempt(database, opening), owner }, {}, 2)
      return { attempt, operation: { id: job }, owner, now: 3 }
    }
    const known = await accept('a-known-job')
    await recordAccepted(database, known)
    const jobs = [await accept('first'), await accept('a-known-job'), await accept('second')]
    const results = await Promise.allSettled(jobs.map((job) => recordAccepted(database, job)))
    expect(results).toMatchObject([
      { value: { state: 'rendering', startedAt: 3 } },
      { reason: expect.any(OperationTaken) as OperationTaken },
      { value: { state: 'rendering' } },
    ])
  })

  it('are not opened where an earlier one may be a job', async () => {
    const database = await openStore(store)
    const opening = await claimed(database)
    const first = await openAttempt(database, opening)
    await markSent(database, { attempt: first, owner }, {}, 2)
    await expect(openAttempt(database, { ...opening, provider: 'replicate' })).rejects.toBeInstanceOf(LeaseLost)
    await recordRefusal(database.statements, first.id, { endReason: 'unavailable', now: 3 })
    expect(await openAttempt(database, { ...opening, provider: 'replicate' })).toMatchObject({ state: 'preparing' })
  })

  it('are sent by only one of several processes that have the same one', async () => {
    const database = await openStore(store)
    const attempt = await openAttempt(database, await claimed(database))
    const outcomes = await Promise.allSettled([2, 3, 4].map((now) => markSent(database, { attempt, owner }, {}, now)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LeaseLost)
  })

  it('are not sent after they were closed', async () => {
    const database = await openStore(store)
    const attempt = await openAttempt(database, await claimed(database))
    await closeUnsent(database, { attempt, owner }, { endReason: 'unavailable', now: 2 })
    await expect(markSent(database, { attempt, owner }, {}, 3)).rejects.toBeInstanceOf(LeaseLost)
  })

  it('are not refused for a failed image upload once another process has sent them', async () => {
    const database = await openStore(store)
    const opening = await claimed(database)
    const attempt = await openAttempt(database, opening)
    await markSent(database, { attempt, owner }, {}, 2)
    await expect(closeUnsent(database, { attempt, owner }, { endReason: 'unavailable', now: 3 })).rejects.toBeInstanceOf(LeaseLost)
    expect(await latestAttempt(database.statements, opening.generationId)).toMatchObject({ state: 'sent' })
  })

  it('are prepared again where nothing was sent after all, but not once their job is known', async () => {
    const database = await openStore(store)
    const attempt = await openAttempt(database, await claimed(database))
    await markSent(database, { attempt, owner }, {}, 2)
    await unmarkSent(database, { attempt, owner })
    expect(await latestAttempt(database.statements, attempt.generationId)).toMatchObject({ state: 'preparing', sentAt: undefined })
    const sent = await markSent(database, { attempt, owner }, {}, 3)
    expect(sent).toMatchObject({ state: 'sent', sentAt: 3 })
    await database.statements.updateTable('attempts').set({ operation: '{"id":"job"}' }).where('id', '=', attempt.id).execute()
    await expect(unmarkSent(database, { attempt, owner })).rejects.toBeInstanceOf(LeaseLost)
    await expect(recordLostResponse(database, { attempt, owner }, { endReason: 'unavailable', now: 4 })).rejects.toBeInstanceOf(LeaseLost)
    expect(await latestAttempt(database.statements, attempt.generationId)).toMatchObject({ state: 'sent', sentAt: 3 })
  })

  it('change only while all that was read still holds, and never where they cannot be read', async () => {
    const database = await openStore(store)
    const { statements } = database
    const { id } = await openAttempt(database, await claimed(database))
    const set = { ended_at: 7 }
    expect(await updateAttempt(statements, { id, state: 'sent' }, set)).toBeUndefined()
    expect(await updateAttempt(statements, { id, state: 'preparing', ended_at: 6 }, set)).toBeUndefined()
    expect(await updateAttempt(statements, { id: 'another', state: 'preparing' }, set)).toBeUndefined()
    expect(await updateAttempt(statements, { id, state: 'preparing', ended_at: null }, set)).toMatchObject({ id })
    const endedAt = async () => (await statements.selectFrom('attempts').select('ended_at').executeTakeFirst())?.ended_at
    expect(await endedAt()).toBe(7)

    await statements.updateTable('attempts').set({ operation: '{"id":' }).execute()
    await expect(updateAttempt(statements, { id, state: 'preparing' }, { ended_at: 8 })).rejects.toBeInstanceOf(StoredRowError)
    expect(await endedAt()).toBe(7)
  })

  it('whose response came after their generation was held are found, and no others', async () => {
    const database = await openStore(store)
    const [late, lost] = [await claimed(database), await claimed(database)]
    for (const opening of [late, lost]) {
      const attempt = await openAttempt(database, opening)
      await markSent(database, { attempt, owner }, {}, 2)
      await recordLostResponse(database, { attempt, owner }, { endReason: 'submission_unknown', now: 3 })
      await database.statements
        .updateTable('generations')
        .set({ state: 'held', end_reason: 'submission_unknown' })
        .where('id', '=', opening.generationId)
        .execute()
    }
    expect(await findLateResponses(database.statements)).toEqual([])
    const answered = await latestAttempt(database.statements, late.generationId)
    await recordOperation(database.statements, answered?.id ?? '', { id: 'job' })
    expect(await findLateResponses(database.statements)).toEqual([late.generationId])
  })
})
