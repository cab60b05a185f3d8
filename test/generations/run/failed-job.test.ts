import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { blockProvider } from '../../../src/generations/queue/provider-blocks.ts'
import { listAttempts, openAttempt } from '../../../src/generations/store/attempts.ts'
import { findRow, requestCancel } from '../../../src/generations/store/generations.ts'
import { recordOperation } from '../../../src/generations/store/provider-facts.ts'
import type { Status } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from '../worker/worker-stage.ts'

function failed(provider: 'fal' | 'replicate', billed?: boolean): Status {
  return { state: 'failed', error: new ProviderError({ provider, kind: 'unavailable' }), billed }
}

const stateOf = async ({ statements }: Database, id: string) => (await findRow(statements, id))?.state

async function ledgerOf({ statements }: Database, id: string): Promise<string> {
  const rows = await statements.selectFrom('ledger').select('kind').where('generation_id', '=', id).orderBy('sequence').execute()
  return rows.map(({ kind }) => kind).join(' ')
}

async function attemptsOf({ statements }: Database, id: string): Promise<string[]> {
  return (await listAttempts(statements, id)).map(({ provider, state }) => `${provider} ${state}`)
}

describe.each(stores)('a job that failed at its provider, on $name', (store) => {
  it.each([
    ['billed nothing', false, { creates: 1, outcome: 'post', ledger: 'reserve capture', guild: 350_000 }],
    ['may have billed', undefined, { creates: 0, outcome: 'failed: unavailable', ledger: 'reserve assumed release-guild', guild: 0 }],
    ['billed it anyway', true, { creates: 0, outcome: 'failed: unavailable', ledger: 'reserve capture refund', guild: 0 }],
  ] as const)('that %s', async (_, billed, { creates, outcome, ledger, guild }) => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    const fal = quickProvider('fal', { status: () => Promise.resolve(failed('fal', billed)) })
    const replicate = quickProvider('replicate')
    const { worker, seen } = await setUpWorker(database, [fal, replicate])
    await worker.start()
    await expect.poll(() => seen).toEqual([outcome])
    await expect.poll(() => ledgerOf(database, id)).toBe(ledger)
    expect([fal.creates, replicate.creates]).toEqual([1, creates])
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: guild })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 350_000 })
  })

  it('is made by no other provider if a cancel was requested meanwhile', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    const fal = quickProvider('fal', {
      status: async () => {
        await requestCancel(database.statements, id, { by: 'requester', now: Date.now() })
        return failed('fal', false)
      },
    })
    const replicate = quickProvider('replicate')
    const { worker, seen, clock } = await setUpWorker(database, [fal, replicate])
    // In the queue it would wait for this one, for an hour.
    await blockProvider(database, 'replicate', 'submission_unknown', { now: clock.now(), call: 'trial' })
    await worker.start()
    await expect.poll(() => seen).toEqual(['cancelled: cancelled-by-member'])
    const tried = (await listAttempts(database.statements, id)).map(({ provider }) => provider)
    expect([tried, replicate.creates, await ledgerOf(database, id)]).toEqual([['fal'], 0, 'reserve release'])
  })

  it('is made by another provider after a crash that came before it was queued again', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    const set = (state: 'submitting' | 'rendering') =>
      database.statements.updateTable('generations').set({ state, owner: 'a-worker-that-died' }).where('id', '=', id).execute()
    await set('submitting')
    const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner: 'a-worker-that-died', now: Date.now() })
    await recordOperation(database.statements, attempt.id, { id: 'job' })
    await set('rendering')
    const fal = quickProvider('fal', { status: () => Promise.resolve(failed('fal', false)) })
    const { worker, seen } = await setUpWorker(database, [fal, quickProvider('replicate')])
    await worker.start()
    await expect.poll(() => seen).toEqual(['post'])
    expect(await attemptsOf(database, id)).toEqual(['fal failed', 'replicate completed'])
  })

  it('is made by another provider once, although the response to its return into the queue was lost', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    let lost = false
    const losing: Database = {
      ...database,
      transaction: async (work) => {
        const result = await database.transaction(work)
        if (lost || (await attemptsOf(database, id))[0] !== 'fal failed') return result
        lost = true
        throw new Error('Connection terminated unexpectedly')
      },
    }
    const fal = quickProvider('fal', { status: () => Promise.resolve(failed('fal', false)) })
    const replicate = quickProvider('replicate')
    const { worker, seen } = await setUpWorker(losing, [fal, replicate])
    await worker.start()
    await expect.poll(() => seen).toEqual(['post'])
    expect([lost, fal.creates, replicate.creates]).toEqual([true, 1, 1])
  })
})

describe('a request whose providers have different prices', () => {
  it('reserves the dearest, and what the cheaper one that makes it lists is the installation’s cost', async () => {
    const [store] = stores
    if (!store) expect.unreachable('there is always SQLite')
    const database = await openStore(store)
    // Reserved at the price of Replicate.
    const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'], price: 500_000 })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 500_000, spent: 0 })
    const { worker } = await setUpWorker(database, [quickProvider('fal', { price: () => 350_000 }), quickProvider('replicate')])
    await worker.start()
    await expect.poll(() => stateOf(database, id)).toBe('done')
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 500_000 })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 350_000 })
  })
})
