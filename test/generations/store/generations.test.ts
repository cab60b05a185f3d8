import { describe, expect, it } from 'vitest'

import type { ImageReference } from '../../../src/domain/image.ts'
import { createDeliveryStore } from '../../../src/generations/store/delivery-store.ts'
import { findByInteraction, findGeneration, insertGenerations, requestCancel } from '../../../src/generations/store/generations.ts'
import { createClock } from '../../../src/lib/clock.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const image: ImageReference = { sha256: 'an-image', mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3 }

function rowOf({ statements }: Database, id: string) {
  return statements.selectFrom('generations').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

describe.each(stores)('generations on $name', (store) => {
  it('are found by their interaction, which has one alone', async () => {
    const database = await openStore(store)
    const accepted = await acceptGeneration(database)
    const { statements } = database
    expect(await findByInteraction(statements, accepted.reply.interactionId)).toEqual(await findGeneration(statements, accepted.id))
    expect(await findByInteraction(statements, 'another')).toBeUndefined()

    const delivered = { ...accepted, id: `${accepted.id.slice(0, -1)}x`, request: { ...accepted.request, firstFrame: image } }
    const inserted = await database.transaction((transaction) => insertGenerations(transaction, [delivered]))
    expect([...inserted]).toEqual([])
    expect(await statements.selectFrom('generation_images').selectAll().execute()).toEqual([])
  })

  it('take a cancel request until they are over', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database)
    expect(await requestCancel(database.statements, id, { by: 'requester', now: 5 })).toBe(true)
    expect(await requestCancel(database.statements, id, { by: 'moderator', now: 6 })).toBe(true)
    expect(await rowOf(database, id)).toMatchObject({ cancel_requested_at: 5, cancelled_by: 'requester' })
    await database.statements.updateTable('generations').set({ state: 'done' }).where('id', '=', id).execute()
    expect(await requestCancel(database.statements, id, { by: 'requester', now: 7 })).toBe(false)
  })

  it('remember the message of their card, and know whether an edit of it is still current', async () => {
    const database = await openStore(store)
    const { rememberMessage, cardLock } = createDeliveryStore(database, createClock())
    const accepted = await acceptGeneration(database)
    await rememberMessage(accepted.id, '700000000000000001')
    expect(await rowOf(database, accepted.id)).toMatchObject({ message_id: '700000000000000001' })

    const marks: number[] = []
    const edit = () =>
      cardLock.edit(accepted, async () => {
        marks.push((await rowOf(database, accepted.id)).card_edits)
      })
    expect([await cardLock.isCurrent(accepted), await edit()]).toEqual([true, true])
    // Other processes see an edit under way; a store of one process needs no mark.
    expect(marks).toEqual([store.name === 'PostgreSQL' ? 1 : 0])
    await database.statements.updateTable('generations').set({ state: 'done' }).where('id', '=', accepted.id).execute()
    expect([await cardLock.isCurrent(accepted), await edit()]).toEqual([false, false])
  })
})
