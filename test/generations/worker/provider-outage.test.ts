import { describe, expect, it } from 'vitest'

import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import { blockProvider } from '../../../src/generations/queue/provider-blocks.ts'
import { listAttempts } from '../../../src/generations/store/attempts.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { type Database, sharedNow } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker, type TestWorker } from './worker-stage.ts'

const failure = (kind: ProviderErrorKind, failoverSafe = false) => new ProviderError({ provider: 'fal', kind, failoverSafe })

/** fal, whose create and free calls end as the test says: `undefined` is success, a promise is waited for. */
function unsteadyProvider() {
  const calls = { creates: 0, probes: 0 }
  const ends: { create: () => Promise<void> | undefined; probe: () => Promise<void> | undefined } = {
    create: () => undefined,
    probe: () => undefined,
  }
  const provider = quickProvider('fal', {
    start: async () => {
      calls.creates += 1
      const id = `fal-job-${calls.creates}`
      await ends.create()
      return { id }
    },
    probe: async () => {
      calls.probes += 1
      await ends.probe()
    },
  })
  return { provider, calls, ends }
}

const statesOf = ({ statements }: Database, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await findRow(statements, id))?.state))

/** The next free call is due now, whatever the store's clock says. */
async function callNow({ statements }: Database, { notifier }: TestWorker): Promise<void> {
  await statements.updateTable('provider_state').set({ probe_at: 1 }).where('probe_at', 'is not', null).execute()
  notifier.notifyWork()
}

/** Claimed by a worker that died before it sent anything. */
async function acceptClaimed(database: Database): Promise<string> {
  const { id } = await acceptGeneration(database)
  await database.statements.updateTable('generations').set({ state: 'submitting', owner: null }).where('id', '=', id).execute()
  return id
}

async function block(database: Database, { clock }: TestWorker): Promise<void> {
  await blockProvider(database, 'fal', 'submission_unknown', { now: await sharedNow(database, clock) })
}

describe.each(stores)('a provider whose create calls are lost, on $name', (store) => {
  it('holds those under way and gets no other; after a free call one is tried alone, then all', async () => {
    const database = await openStore(store)
    const { provider, calls, ends } = unsteadyProvider()
    const stage = await setUpWorker(database, [provider, quickProvider('replicate')])
    const bothSent = Promise.withResolvers<undefined>()
    ends.create = async () => {
      if (calls.creates === 2) bothSent.resolve(undefined)
      await bothSent.promise
      throw failure('submission_unknown')
    }
    ends.probe = () => Promise.reject(failure('unavailable'))
    const ids: string[] = []
    const accept = async () => void ids.push((await acceptGeneration(database)).id)
    for (let count = 0; count < 4; count += 1) await accept()
    await stage.worker.start()
    await expect.poll(() => statesOf(database, ids)).toEqual(['held', 'held', 'queued', 'queued'])

    await callNow(database, stage)
    await expect.poll(() => calls.probes).toBeGreaterThan(0)
    const elsewhere = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    stage.notifier.notifyWork()
    await expect.poll(() => statesOf(database, [elsewhere.id])).toEqual(['done'])
    expect(calls.creates).toBe(2)

    const answer = Promise.withResolvers<undefined>()
    ends.create = () => answer.promise
    ends.probe = () => undefined
    await callNow(database, stage)
    await expect.poll(() => calls.creates).toBe(3)
    const meanwhile = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    stage.notifier.notifyWork()
    await expect.poll(() => statesOf(database, [meanwhile.id])).toEqual(['done'])
    expect(calls.creates).toBe(3)

    answer.resolve(undefined)
    await expect.poll(() => statesOf(database, ids)).toEqual(['held', 'held', 'done', 'done'])
    expect(calls.creates).toBe(4)
  })

  it('sends back to the queue, untried, what was claimed before', async () => {
    const database = await openStore(store)
    const { provider, calls, ends } = unsteadyProvider()
    const stage = await setUpWorker(database, [provider])
    ends.probe = () => Promise.reject(failure('unavailable'))
    await block(database, stage)
    const id = await acceptClaimed(database)
    await stage.worker.start()
    await expect.poll(() => statesOf(database, [id])).toEqual(['queued'])
    expect(await listAttempts(database.statements, id)).toEqual([])
    expect(calls.creates).toBe(0)

    ends.probe = () => undefined
    await callNow(database, stage)
    await expect.poll(() => statesOf(database, [id])).toEqual(['done'])
    expect(calls.creates).toBe(1)
  })

  it('gets one create call after the free one, although two were claimed before', async () => {
    const database = await openStore(store)
    const { provider, calls, ends } = unsteadyProvider()
    const stage = await setUpWorker(database, [provider])
    await block(database, stage)
    await database.statements.updateTable('provider_state').set({ probe_at: null }).execute()
    const ids = [await acceptClaimed(database), await acceptClaimed(database)]
    const answer = Promise.withResolvers<undefined>()
    ends.create = () => answer.promise
    await stage.worker.start()
    await expect.poll(async () => (await statesOf(database, ids)).sort()).toEqual(['queued', 'submitting'])
    expect(calls.creates).toBe(1)
    answer.resolve(undefined)
    await expect.poll(() => statesOf(database, ids)).toEqual(['done', 'done'])
    expect(calls.creates).toBe(2)
  })

  it('is blocked for an hour if that one is lost, too', async () => {
    const database = await openStore(store)
    const { provider, ends } = unsteadyProvider()
    const stage = await setUpWorker(database, [provider])
    await block(database, stage)
    await database.statements.updateTable('provider_state').set({ probe_at: null }).execute()
    ends.create = () => Promise.reject(failure('submission_unknown'))
    const { id } = await acceptGeneration(database)
    const before = await sharedNow(database, stage.clock)
    await stage.worker.start()
    await expect.poll(() => statesOf(database, [id])).toEqual(['held'])
    const { probe_at: probeAt } = await database.statements.selectFrom('provider_state').selectAll().executeTakeFirstOrThrow()
    expect((probeAt ?? 0) - before).toBeGreaterThanOrEqual(60 * 60_000)
  })

  it.each(['auth', 'no_credit', 'unavailable', 'timeout'] as const)(
    'is left to the others after %s, and used again once it is mended',
    async (kind) => {
      const database = await openStore(store)
      const { provider, calls, ends } = unsteadyProvider()
      const stage = await setUpWorker(database, [provider, quickProvider('replicate')])
      ends.create = () => Promise.reject(failure(kind, true))
      ends.probe = () => Promise.reject(failure(kind))
      const accept = async () => (await acceptGeneration(database, { candidates: ['fal', 'replicate'] })).id
      const providerOf = async (id: string) => (await findRow(database.statements, id))?.provider
      const first = await accept()
      await stage.worker.start()
      await expect.poll(() => statesOf(database, [first])).toEqual(['done'])
      const second = await accept()
      stage.notifier.notifyWork()
      await expect.poll(() => statesOf(database, [second])).toEqual(['done'])
      expect([await providerOf(first), await providerOf(second), calls.creates]).toEqual(['replicate', 'replicate', 1])

      ends.create = () => undefined
      ends.probe = () => undefined
      await callNow(database, stage)
      await expect.poll(() => calls.probes).toBeGreaterThan(0)
      const blocked = () =>
        database.statements.selectFrom('provider_state').select('probe_at').where('provider', '=', 'fal').executeTakeFirst()
      await expect.poll(blocked).toEqual({ probe_at: null })
      const third = await accept()
      stage.notifier.notifyWork()
      await expect.poll(() => statesOf(database, [third])).toEqual(['done'])
      expect(await providerOf(third)).toBe('fal')
    },
  )

  it.each(['moderation', 'invalid_input', 'rate_limited'] as const)('is not blocked by an answer about the request: %s', async (kind) => {
    const database = await openStore(store)
    const { provider, calls, ends } = unsteadyProvider()
    const stage = await setUpWorker(database, [provider])
    ends.create = () => Promise.reject(failure(kind, true))
    const { id } = await acceptGeneration(database)
    await stage.worker.start()
    await expect.poll(() => calls.creates).toBeGreaterThan(0)
    await expect.poll(async () => (await listAttempts(database.statements, id))[0]?.state).toBe('refused')
    const state = await database.statements.selectFrom('provider_state').select('blocked_reason').executeTakeFirst()
    expect(state).toEqual({ blocked_reason: null })
  })
})
