import { describe, expect, it } from 'vitest'

import { createLocalCardLock, createCardLock, isCurrent } from '../../../src/generations/store/card-lock.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { cancelQueued } from '../../../src/generations/run/settle.ts'
import { findGeneration, transition } from '../../../src/generations/store/generations.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { claim } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { watchEditChecks } from '../../support/store/repeated-checks.ts'

const now = Date.UTC(2026, 10, 20, 12)
const owner = 'a-worker'

async function claimOne(database: Database): Promise<Generation> {
  const { id } = await acceptGeneration(database, { now })
  await claim(database, { id: 'fal', concurrency: 3, createsPerMinute: 600 }, { owner, now })
  const claimed = await findGeneration(database.statements, id)
  if (!claimed) throw new Error('it is there')
  return claimed
}

async function hold(database: Database, { id }: Generation, endedAt: number): Promise<Generation> {
  const set = { ended_at: endedAt, end_reason: 'submission_unknown', notified_at: null } as const
  return transition(database.statements, { id, owner, state: 'submitting' }, { ...set, state: 'held' })
}

async function revive(database: Database, { id }: Generation): Promise<Generation> {
  const set = { ended_at: null, end_reason: null, notified_at: null }
  return transition(database.statements, { id, owner, state: 'held' }, { ...set, state: 'submitting' })
}

describe.each(stores)('the card lock on $name', (store) => {
  it('admits edits of the current state only', async () => {
    const database = await openStore(store)
    const cardLock = createCardLock(database)
    const queued = await acceptGeneration(database, { now })
    const written: string[] = []
    const write = (what: string) => () => Promise.resolve(void written.push(what))
    expect(await cardLock.edit(queued, write('in the queue'))).toBe(true)
    await claim(database, { id: 'fal', concurrency: 3, createsPerMinute: 600 }, { owner, now })
    expect(await cardLock.edit(queued, write('queued, too late'))).toBe(false)
    const claimed = await findGeneration(database.statements, queued.id)
    if (!claimed) throw new Error('it is there')
    expect(await cardLock.edit(claimed, write('being sent'))).toBe(true)
    expect(await cardLock.edit({ ...claimed, owner: 'a-former-owner' }, write('of a process considered dead'))).toBe(false)
    await transition(database.statements, { id: claimed.id, owner, state: 'submitting' }, { state: 'rendering' })
    expect(await cardLock.edit(claimed, write('being sent, too late, by the same owner'))).toBe(false)
    expect(written).toEqual(['in the queue', 'being sent'])
  })

  it.each(['between processes', 'within one'])('rejects edits of an outcome that no longer holds, %s', async (where) => {
    const database = await openStore(store)
    const stands = (generation: Generation) => isCurrent(database.statements, generation)
    const cardLock = where === 'within one' ? createLocalCardLock(stands) : createCardLock(database)
    const write = () => Promise.resolve()
    const held = await hold(database, await claimOne(database), now)
    expect([await cardLock.isCurrent(held), await cardLock.edit(held, write)]).toEqual([true, true])
    const revived = await revive(database, held)
    expect([await cardLock.isCurrent(held), await cardLock.edit(held, write)]).toEqual([false, false])
    expect([await cardLock.isCurrent(revived), await cardLock.edit(revived, write)]).toEqual([true, true])
    const heldAgain = await hold(database, revived, now + 1)
    expect([await cardLock.isCurrent(held), await cardLock.edit(held, write)]).toEqual([false, false])
    expect([await cardLock.isCurrent(heldAgain), await cardLock.edit(heldAgain, write)]).toEqual([true, true])
  })

  it('delays the outcome until an edit under way in any process has arrived', async () => {
    const database = await openStore(store)
    const checks = watchEditChecks(database)
    const [gateway, worker] = [createCardLock(checks.database), createCardLock(database)]
    const queued = await acceptGeneration(database, { now })
    const arrived: string[] = []
    const [begun, answer] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    const editing = worker.edit(queued, async () => {
      begun.resolve(undefined)
      await answer.promise
      arrived.push('in the queue')
    })
    await begun.promise
    const ended = await cancelQueued(database, queued.id, { by: 'requester', now })
    if (!ended) throw new Error('it waited in the queue')
    const outcome = gateway.whenIdle(ended).then(() => arrived.push('cancelled'))
    // Either it has read the mark and waits, or it did not wait at all.
    await Promise.race([checks.repeated, outcome])
    answer.resolve(undefined)
    await Promise.all([editing, outcome])
    expect(arrived).toEqual(['in the queue', 'cancelled'])
  })

  it('of a request that is gone delays nothing', async () => {
    const database = await openStore(store)
    const queued = await acceptGeneration(database, { now })
    await createCardLock(database).whenIdle({ ...queued, id: 'unknown' })
    // A mark that an edit left twice, or that was never there, delays nothing either.
    await database.statements.updateTable('generations').set({ card_edits: -1 }).execute()
    await createCardLock(database).whenIdle(queued)
  })

  it('is released where the edit failed', async () => {
    const database = await openStore(store)
    const cardLock = createCardLock(database)
    const queued = await acceptGeneration(database, { now })
    await expect(cardLock.edit(queued, () => Promise.reject(new Error('Discord is down')))).rejects.toThrow('Discord is down')
    expect(await database.statements.selectFrom('generations').select('card_edits').executeTakeFirst()).toEqual({ card_edits: 0 })
  })
})
