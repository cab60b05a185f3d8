import { describe, expect, it } from 'vitest'

import { claim } from '../../support/store/claims.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { findGeneration, transition } from '../../../src/generations/store/generations.ts'
import { createNotifications } from '../../../src/generations/store/notifications.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'

const now = Date.UTC(2026, 10, 20, 12)
const owner = 'a-worker'

async function heldOne(database: Database): Promise<Generation> {
  const { id } = await acceptGeneration(database, { now })
  await claim(database, { id: 'fal', concurrency: 3, createsPerMinute: 600 }, { owner, now })
  return transition(database.statements, { id, owner, state: 'submitting' }, { state: 'held', ended_at: now, end_reason: 'timeout' })
}

/** The times of its notification as stored. */
async function stored(database: Database) {
  const { notified_at: notifiedAt, notifying_until: notifyingUntil } = await database.statements
    .selectFrom('generations')
    .select(['notified_at', 'notifying_until'])
    .executeTakeFirstOrThrow()
  return { notifiedAt, isBeingSent: notifyingUntil !== null }
}

/** As if the process that sends it had died this long ago. */
async function endClaim({ statements }: Database): Promise<void> {
  await statements.updateTable('generations').set({ notifying_until: 1 }).execute()
}

describe.each(stores)('the notification of an outcome on $name', (store) => {
  async function setUp() {
    const database = await openStore(store)
    const clock = createManualClock(now)
    return { database, held: await heldOne(database), ...createNotifications(database, clock) }
  }
  const sent: boolean[] = []
  const send = ({ mayHaveArrived }: { mayHaveArrived: boolean }) => Promise.resolve(void sent.push(mayHaveArrived))

  it('is sent once, and recorded only after Discord has confirmed it', async () => {
    const { database, held, notifyOnce } = await setUp()
    let during: unknown
    expect(await notifyOnce(held, async () => void (during = await stored(database)))).toBe(true)
    expect(during).toEqual({ notifiedAt: null, isBeingSent: true })
    expect(await stored(database)).toEqual({ notifiedAt: now, isBeingSent: false })
    expect(await notifyOnce(held, send)).toBe(false)
  })

  it('is not sent by two processes at once', async () => {
    const { held, notifyOnce } = await setUp()
    let other: boolean | undefined
    await notifyOnce(held, async () => void (other = await notifyOnce(held, send)))
    expect(other).toBe(false)
  })

  it('is sent again after a failure, with a warning that it may have arrived', async () => {
    const { database, held, notifyOnce } = await setUp()
    await expect(notifyOnce(held, () => Promise.reject(new Error('Discord is down')))).rejects.toThrow('Discord is down')
    expect((await stored(database)).notifiedAt).toBeNull()
    sent.length = 0
    expect([await notifyOnce(held, send), sent]).toEqual([true, [true]])
  })

  it('is sent again after its process has died', async () => {
    const { database, held, notifyOnce } = await setUp()
    const dying = Promise.withResolvers<undefined>()
    const lost = notifyOnce(held, () => dying.promise)
    await expect.poll(async () => (await stored(database)).isBeingSent).toBe(true)
    sent.length = 0
    expect([await notifyOnce(held, send), sent]).toEqual([false, []])
    await endClaim(database)
    expect([await notifyOnce(held, send), sent]).toEqual([true, [true]])
    dying.resolve(undefined)
    await lost
  })

  it('is not used up by an outcome that no longer holds', async () => {
    const { database, held, notifyOnce, markNotified } = await setUp()
    await database.statements.updateTable('generations').set({ state: 'failed' }).where('id', '=', held.id).execute()
    expect(await notifyOnce(held, send)).toBe(false)
    await markNotified(held)
    expect((await stored(database)).notifiedAt).toBeNull()
    const failed = await findGeneration(database.statements, held.id)
    if (!failed) throw new Error('it is there')
    expect(await notifyOnce(failed, send)).toBe(true)
  })

  it('that had to be sent anyway is recorded', async () => {
    const { held, notifyOnce, markNotified } = await setUp()
    await markNotified(held)
    expect(await notifyOnce(held, send)).toBe(false)
  })
})
