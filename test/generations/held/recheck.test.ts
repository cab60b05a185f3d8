import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { recheckDue } from '../../../src/generations/held/recheck.ts'
import type { Provider, Status } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { acceptHeld } from '../../support/store/held.ts'
import { quickProvider } from '../worker/worker-stage.ts'

const minute = 60_000
const now = Date.UTC(2026, 10, 20, 12)
const pending: Status = { state: 'pending' }
const clip: Status = { state: 'completed', url: 'https://provider.example/clip.mp4' }
const due = { heldAt: now - 5 * minute }

const down = () => Promise.reject(new ProviderError({ provider: 'fal', kind: 'unavailable' }))

/** One recheck at this time, with a fal that reports so. Tells what it found, and which jobs it polled with which signal. */
async function recheck(database: Database, status: Provider['status'], { at = now, stopping = new AbortController().signal } = {}) {
  const polled: string[] = []
  const fal = quickProvider('fal', {
    status: (operation, options) => {
      polled.push(operation.id)
      return status(operation, options)
    },
  })
  const { log, lines } = createCapturedLog()
  const clock = { now: () => at, sleep: () => Promise.resolve() }
  const found = await recheckDue({ database, clock, log, providers: new Map([['fal', fal]]) }, stopping)
  return { found, polled, lines }
}

const lastPollOf = async ({ statements }: Database, attemptId: string) =>
  (await statements.selectFrom('attempts').select('ended_at').where('id', '=', attemptId).executeTakeFirstOrThrow()).ended_at

describe.each(stores)('the recheck of held jobs on $name', (store) => {
  it.each<[string, Status, boolean]>([
    ['completed', clip, true],
    ['failed', { state: 'failed', error: new ProviderError({ provider: 'fal', kind: 'unavailable' }), billed: false }, true],
    ['cancelled', { state: 'cancelled', billed: false }, true],
    ['pending', pending, false],
  ])('of one that is now %s, and again five minutes later', async (_, status, isFinal) => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { ...due, operation: { id: 'job' } })
    const answer = () => Promise.resolve(status)
    expect(await recheck(database, answer)).toMatchObject({ found: isFinal ? [id] : [], polled: ['job'] })
    expect(await lastPollOf(database, attemptId)).toBe(now)
    expect(await recheck(database, answer, { at: now + 5 * minute - 1 })).toMatchObject({ found: [], polled: [] })
    expect(await recheck(database, answer, { at: now + 5 * minute })).toMatchObject({ polled: ['job'] })
  })

  it('passes over what is not due, is decided, goes on already, or waits at another provider', async () => {
    const database = await openStore(store)
    const { statements } = database
    const operation = { id: 'job' }
    const change = async (id: string, values: { held_decision?: 'free'; state?: 'rendering'; provider?: string }) =>
      statements.updateTable('generations').set(values).where('id', '=', id).execute()
    await acceptHeld(database, { heldAt: now - 5 * minute + 1, operation })
    await acceptHeld(database, due)
    await change((await acceptHeld(database, { ...due, operation: { id: 'decided' } })).id, { held_decision: 'free' })
    await change((await acceptHeld(database, { ...due, operation: { id: 'resumed' } })).id, { state: 'rendering' })
    await change((await acceptHeld(database, { ...due, operation: { id: 'elsewhere' } })).id, { provider: 'replicate' })
    const { attemptId } = await acceptHeld(database, { ...due, operation: { id: 'accepted' } })
    await statements.updateTable('attempts').set({ state: 'accepted' }).where('id', '=', attemptId).execute()
    expect(await recheck(database, () => Promise.resolve(clip))).toMatchObject({ found: [], polled: [] })
  })

  it('leaves a job alone whose provider has no key here', async () => {
    const database = await openStore(store)
    await acceptHeld(database, { ...due, provider: 'replicate', operation: { id: 'job' } })
    expect(await recheck(database, () => Promise.resolve(clip))).toEqual({ found: [], polled: [], lines: [] })
  })

  it('takes four at once, those first that waited longest', async () => {
    const database = await openStore(store)
    for (const waited of [6, 9, 7, 10, 8]) await acceptHeld(database, { heldAt: now - waited * minute, operation: { id: `job-${waited}` } })
    const first = await recheck(database, () => Promise.resolve(pending))
    expect(first.polled).toEqual(['job-10', 'job-9', 'job-8', 'job-7'])
    expect((await recheck(database, () => Promise.resolve(pending))).polled).toEqual(['job-6'])
  })

  it('is told by its provider only once, although several processes look at the same moment', async () => {
    const database = await openStore(store)
    await acceptHeld(database, { ...due, operation: { id: 'job' } })
    const looks = await Promise.all([1, 2, 3].map(() => recheck(database, () => Promise.resolve(clip))))
    expect(looks.flatMap(({ polled }) => polled)).toEqual(['job'])
  })

  it('goes on with the others when a provider fails, and logs why', async () => {
    const database = await openStore(store)
    await acceptHeld(database, { heldAt: now - 7 * minute, operation: { id: 'down' } })
    const { id } = await acceptHeld(database, { heldAt: now - 6 * minute, operation: { id: 'job' } })
    const { found, lines } = await recheck(database, (operation) => (operation.id === 'down' ? down() : Promise.resolve(clip)))
    expect(found).toEqual([id])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('unavailable')
  })

  it('sets a job aside that cannot be read, and never polls it again', async () => {
    const database = await openStore(store)
    const broken = await acceptHeld(database, { heldAt: now - 9 * minute, operation: { id: 'broken' } })
    await database.statements.updateTable('attempts').set({ operation: '{' }).where('id', '=', broken.attemptId).execute()
    const { id } = await acceptHeld(database, { ...due, operation: { id: 'job' } })
    expect((await recheck(database, () => Promise.resolve(clip))).found).toEqual([id])
    expect([...database.setAside.ids]).toEqual([broken.attemptId])
    expect((await recheck(database, () => Promise.resolve(clip), { at: now + 9 * minute })).polled).toEqual(['job'])
  })

  it('ends at once when the worker stops', async () => {
    const database = await openStore(store)
    await acceptHeld(database, { ...due, operation: { id: 'job' } })
    const stopping = new AbortController()
    const stopped = new Error('stopped')
    const untilAborted: Provider['status'] = (_, { signal }) =>
      new Promise((__, reject) => {
        signal.addEventListener('abort', () => reject(new ProviderError({ provider: 'fal', kind: 'timeout' })))
        stopping.abort(stopped)
      })
    await expect(recheck(database, untilAborted, { stopping: stopping.signal })).rejects.toBe(stopped)
  })
})
