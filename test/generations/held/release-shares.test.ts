import { dirname } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { StoreLocation } from '../../../src/config/config.ts'
import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import { decideHeld } from '../../../src/generations/held/held.ts'
import { releaseSilentShares } from '../../../src/generations/held/release-shares.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { findGeneration } from '../../../src/generations/store/generations.ts'
import { recordOperation, recordRefusal } from '../../../src/generations/store/provider-facts.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { createLog } from '../../../src/lib/log.ts'
import type { Status } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openPostgresStore, openSqliteStore } from '../../chaos/shared/store.ts'
import { compareMoney, ledgerKindsOf } from '../../chaos/verdict/money.ts'
import { openPlace, openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from '../worker/worker-stage.ts'

const price = 350_000
const minute = 60_000
const dead = 'a-worker-that-died'
const job = { operation: JSON.stringify({ id: 'job' }), operation_id: 'job' }

/** A request whose create response was lost this long ago. */
async function acceptHeld(database: Database, minutes: number): Promise<{ id: string; attemptId: string }> {
  const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
  const generations = database.statements.updateTable('generations').where('id', '=', id)
  await generations.set({ state: 'submitting', owner: dead }).execute()
  const { id: attemptId } = await openAttempt(database, { generationId: id, provider: 'fal', owner: dead, now: Date.now() })
  await database.statements.updateTable('attempts').set({ state: 'unknown' }).where('id', '=', attemptId).execute()
  await generations.set({ state: 'held', ended_at: Date.now() - minutes * minute, end_reason: 'submission_unknown' }).execute()
  return { id, attemptId }
}

function stage(database: Database, onPost: (generation: Generation) => void) {
  const delivery = {
    postOutcome: (generation: Generation) => {
      onPost(generation)
      return Promise.resolve()
    },
  }
  return { database, clock: createClock(), log: createLog({ level: 'silent' }), delivery: { ...unused, ...delivery } }
}
const unused = {
  show: () => undefined,
  findPosted: () => Promise.resolve(undefined),
  post: () => Promise.reject(new Error('nothing is posted here')),
  drain: () => Promise.resolve(),
}

const guildReleased = async ({ statements }: Database, id: string) => (await findGeneration(statements, id))?.guildReleased
const spent = (sum: number) => ({ reserved: 0, spent: sum })

describe.each(stores)('the share of a guild in a held request, on $name', (store) => {
  const signs: [string, number, boolean, (database: Database, held: { id: string; attemptId: string }) => Promise<unknown>][] = [
    ['nothing known of a job', 61, true, () => Promise.resolve()],
    ['less than an hour', 59, false, () => Promise.resolve()],
    [
      "the provider's id of the job",
      61,
      false,
      ({ statements }, { attemptId }) => statements.updateTable('attempts').set(job).where('id', '=', attemptId).execute(),
    ],
    [
      'an authentic webhook',
      61,
      false,
      ({ statements }, { attemptId }) =>
        statements
          .insertInto('webhook_events')
          .values({ attempt_id: attemptId, delivery_id: 'one', operation: job.operation, received_at: 1 })
          .execute(),
    ],
    [
      'the job of an earlier attempt, which failed',
      61,
      true,
      async ({ statements }, { id, attemptId }) => {
        const earlier = { id: '0', generation_id: id, take: 1, provider: 'replicate', webhook_token: 'earlier', created_at: 1 }
        await statements
          .insertInto('attempts')
          .values({ ...earlier, ...job, state: 'failed' })
          .execute()
        expect(attemptId > earlier.id).toBe(true)
      },
    ],
  ]
  it.each(signs)('%s, for %i minutes: released: %s', async (_, minutes, isReleased, leave) => {
    const database = await openStore(store)
    const held = await acceptHeld(database, minutes)
    await leave(database, held)
    const posted: (boolean | undefined)[] = []
    await releaseSilentShares(stage(database, (generation) => posted.push(generation.guildReleased)))
    expect([await guildReleased(database, held.id), posted]).toEqual([isReleased, isReleased ? [true] : []])
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: isReleased ? 0 : price, spent: 0 })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: price, spent: 0 })
  })

  it('is released once, although several processes look at the same moment', async () => {
    const database = await openStore(store)
    await acceptHeld(database, 61)
    let posts = 0
    const look = () => releaseSilentShares(stage(database, () => (posts += 1)))
    await Promise.all([look(), look(), look()])
    await look()
    expect(posts).toBe(1)
    expect(await walletOf(database, 'guild', 'day')).toEqual(spent(0))
  })

  const failed = (kind: ProviderErrorKind, billed: boolean): Status => ({
    state: 'failed',
    error: new ProviderError({ provider: 'fal', kind }),
    billed,
  })
  const late = { id: 'late' }
  const respond = ({ statements }: Database, held: { attemptId: string }) => recordOperation(statements, held.attemptId, late)
  const respondCancelled = async (database: Database, held: { id: string; attemptId: string }) => {
    await database.statements.updateTable('generations').set({ cancel_requested_at: 1 }).where('id', '=', held.id).execute()
    await respond(database, held)
  }
  const ends: [string, Status | undefined, (database: Database, held: { id: string; attemptId: string }) => Promise<unknown>, string][] = [
    ['the operator says free', undefined, ({ statements }) => decideHeld(statements, {}, 'free'), 'failed release-installation'],
    ['the operator says billed', undefined, ({ statements }) => decideHeld(statements, {}, 'billed'), 'failed capture-installation'],
    ['the clip arrives', { state: 'completed', url: 'https://x.example/a.mp4' }, respond, 'done capture-installation'],
    [
      'the clip arrives at another cost',
      { state: 'completed', url: 'https://x.example/a.mp4', cost: { printed: 0.36, unit: 1_000_000 } },
      respond,
      'done capture-installation difference',
    ],
    ['the job failed, and another provider makes it', failed('unavailable', false), respond, 'done capture-installation'],
    ['the job was refused for its content', failed('moderation', false), respond, 'failed release-installation'],
    ['the job failed and was billed', failed('unavailable', true), respond, 'failed capture-installation'],
    ['the job was cancelled for nothing', { state: 'cancelled', billed: false }, respondCancelled, 'cancelled release-installation'],
    ['the job was cancelled and billed', { state: 'cancelled', billed: true }, respondCancelled, 'cancelled capture-installation'],
    ['the job was cancelled, who knows at what price', { state: 'cancelled' }, respondCancelled, 'cancelled assumed'],
    [
      'it was refused after all, and another provider makes it',
      undefined,
      ({ statements }, { attemptId }) => recordRefusal(statements, attemptId, { endReason: 'unavailable', now: Date.now() }),
      'done capture-installation',
    ],
  ]
  it.each(ends)('costs the guild nothing when later %s', async (_, status, end, expected) => {
    const location: StoreLocation = await store.placeWithTables()
    const database = await openPlace(location)
    const contents = 'file' in location ? openSqliteStore(dirname(location.file)) : openPostgresStore(location.url)
    const held = await acceptHeld(database, 61)
    const fal = quickProvider('fal', status && { status: () => Promise.resolve(status) })
    const { worker, notifier, seen } = await setUpWorker(database, [fal, quickProvider('replicate')])
    await worker.start()
    await expect.poll(() => guildReleased(database, held.id)).toBe(true)
    await end(database, held)
    notifier.notifyWork()
    const [state = '', ...kinds] = expected.split(' ')
    await expect.poll(async () => (await findGeneration(database.statements, held.id))?.state).toBe(state)
    const after = await contents.read()
    expect(ledgerKindsOf(after, held.id)).toBe(['reserve release-guild', ...kinds].join(' '))
    expect(compareMoney([], after).problems).toEqual([])
    expect(await walletOf(database, 'guild', 'month')).toEqual(spent(0))
    const isBooked = !kinds.includes('release-installation')
    expect(await walletOf(database, 'installation', 'month')).toEqual(spent(isBooked ? price + (kinds.length > 1 ? 10_000 : 0) : 0))
    expect(seen[0]).toBe('held: submission_unknown')
  })
})
