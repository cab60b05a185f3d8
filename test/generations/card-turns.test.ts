import { describe, expect, it } from 'vitest'

import { createCardTurns } from '../../src/generations/card-turns.ts'
import { claim } from '../../src/generations/claim.ts'
import { cancelQueued } from '../../src/generations/settle.ts'
import { findGeneration } from '../../src/generations/store.ts'
import { openStore, stores } from '../storage/stores.ts'
import { acceptGeneration } from '../support/generations.ts'

const now = Date.UTC(2026, 10, 20, 12)

describe.each(stores)('the turns at a card on $name', (store) => {
  it('belong to whoever knows the state as it is', async () => {
    const database = await openStore(store)
    const turns = createCardTurns(database)
    const queued = await acceptGeneration(database, { now })
    const written: string[] = []
    const write = (what: string) => () => Promise.resolve(void written.push(what))
    expect(await turns.edit(queued, write('in line'))).toBe(true)
    await claim(database, { id: 'fal', concurrency: 3, createsPerMinute: 600 }, { owner: 'a-worker', now })
    expect(await turns.edit(queued, write('in line, too late'))).toBe(false)
    const claimed = await findGeneration(database.statements, queued.id)
    if (!claimed) throw new Error('it is there')
    expect(await turns.edit(claimed, write('being sent'))).toBe(true)
    expect(await turns.edit({ ...claimed, owner: 'a-former-owner' }, write('of somebody taken for dead'))).toBe(false)
    expect(written).toEqual(['in line', 'being sent'])
  })

  it('let the last word wait until an edit under way has arrived, whoever made it', async () => {
    const database = await openStore(store)
    const [gateway, worker] = [createCardTurns(database), createCardTurns(database)]
    const queued = await acceptGeneration(database, { now })
    const arrived: string[] = []
    const [begun, answer] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    const editing = worker.edit(queued, async () => {
      begun.resolve(undefined)
      await answer.promise
      arrived.push('in line')
    })
    await begun.promise
    const ended = await cancelQueued(database, queued.id, now)
    if (!ended) throw new Error('it waited in line')
    const lastWord = gateway.whenQuiet(ended).then(() => arrived.push('cancelled'))
    answer.resolve(undefined)
    await Promise.all([editing, lastWord])
    expect(arrived).toEqual(['in line', 'cancelled'])
  })

  it('are given back where the edit failed', async () => {
    const database = await openStore(store)
    const turns = createCardTurns(database)
    const queued = await acceptGeneration(database, { now })
    await expect(turns.edit(queued, () => Promise.reject(new Error('Discord is away')))).rejects.toThrow('Discord is away')
    expect(await database.statements.selectFrom('generations').select('card_edits').executeTakeFirst()).toEqual({ card_edits: 0 })
  })
})
