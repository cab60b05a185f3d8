import { describe, expect, it } from 'vitest'

import { decideHeld, listHeld, settleHeld } from '../../../src/generations/held/held.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { findGeneration } from '../../../src/generations/store/generations.ts'
import { createLog } from '../../../src/lib/log.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptHeld } from '../../support/store/held.ts'
import { walletOf } from '../../support/store/generations.ts'

const now = Date.UTC(2026, 10, 20, 12)
const heldAt = now - 60_000
const price = 350_000

/** A worker's look at what the operator decided. `posted` are the outcomes that members see, as `id at time`. */
function stage(database: Database) {
  const posted: string[] = []
  const delivery = {
    show: () => undefined,
    findPosted: () => Promise.resolve(undefined),
    post: () => Promise.reject(new Error('nothing is posted here')),
    drain: () => Promise.resolve(),
    postOutcome: ({ id, state, endReason }: Generation, { now: at }: { now: number }) => {
      posted.push(`${id} ${state} ${endReason ?? ''} at ${at - now}`)
      return Promise.resolve()
    },
  }
  const context = { database, delivery, clock: { now: () => now, sleep: () => Promise.resolve() }, log: createLog({ level: 'silent' }) }
  return { posted, settle: () => settleHeld(context) }
}

describe.each(stores)('what the operator decided about held requests on $name', (store) => {
  it.each([
    ['free', { reserved: 0, spent: 0 }],
    ['billed', { reserved: 0, spent: price }],
  ] as const)('is settled once, and told: %s', async (decision, installation) => {
    const database = await openStore(store)
    const { posted, settle } = stage(database)
    const { id } = await acceptHeld(database, { heldAt })
    await settle()
    expect(posted).toEqual([])
    expect(await decideHeld(database.statements, {}, decision)).toEqual([price])
    await settle()
    await settle()
    expect(posted).toEqual([`${id} failed settled-by-operator at 0`])
    expect(await findGeneration(database.statements, id)).toMatchObject({ state: 'failed', endedAt: now, captured: decision === 'billed' })
    expect(await walletOf(database, 'installation', 'day')).toEqual(installation)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
    expect(await listHeld(database.statements)).toEqual([])
  })

  it('is about that request alone where a reference is given, as is the share that is released', async () => {
    const database = await openStore(store)
    const { posted, settle } = stage(database)
    const ids: string[] = []
    for (const minutes of [59, 59, 61]) ids.push((await acceptHeld(database, { heldAt: now - minutes * 60_000 })).id)
    const [, decided = '', silent = ''] = ids
    const reference = (await findGeneration(database.statements, decided))?.reference
    expect(await decideHeld(database.statements, { reference }, 'free')).toEqual([price])
    await settle()
    expect(posted).toEqual([`${decided} failed settled-by-operator at 0`, `${silent} held submission_unknown at 0`])
    expect((await listHeld(database.statements)).map(({ guildReleased }) => guildReleased)).toEqual([false, true])
  })

  it('is settled by one of two workers', async () => {
    const database = await openStore(store)
    const [one, other] = [stage(database), stage(database)]
    const { id } = await acceptHeld(database, { heldAt })
    await decideHeld(database.statements, {}, 'billed')
    await Promise.all([one.settle(), other.settle()])
    expect([...one.posted, ...other.posted]).toEqual([`${id} failed settled-by-operator at 0`])
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: price })
  })

  it('is settled where a request cannot be read, too, and the others are told', async () => {
    const database = await openStore(store)
    const { posted, settle } = stage(database)
    const [broken, { id }] = [await acceptHeld(database, { heldAt }), await acceptHeld(database, { heldAt })]
    await database.statements.updateTable('generations').set({ request: '{' }).where('id', '=', broken.id).execute()
    await decideHeld(database.statements, {}, 'free')
    await settle()
    expect(posted).toEqual([`${id} failed settled-by-operator at 0`])
    expect([...database.setAside.ids]).toEqual([broken.id])
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
  })

  it('is told even where a share was released before', async () => {
    const database = await openStore(store)
    const { posted, settle } = stage(database)
    const { id } = await acceptHeld(database, { heldAt: now - 61 * 60_000 })
    await settle()
    // The card is edited: the server has its budget back.
    expect(posted).toEqual([`${id} held submission_unknown at 0`])
    expect(await listHeld(database.statements)).toMatchObject([{ guildReleased: true }])
    await decideHeld(database.statements, {}, 'billed')
    await settle()
    expect(posted.slice(1)).toEqual([`${id} failed settled-by-operator at 0`])
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: price })
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
  })
})
