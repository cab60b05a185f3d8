import { describe, expect, it } from 'vitest'

import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import { blockProvider, listBlocked } from '../../../src/generations/queue/provider-blocks.ts'
import { listAttempts } from '../../../src/generations/store/attempts.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { type Database, sharedNow } from '../../../src/storage/database.ts'
import type { BlockReason } from '../../../src/storage/schema.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { refusal, refuseUpdates } from '../../support/store/refused-writes.ts'
import { quickProvider, setUpWorker } from './worker-stage.ts'

const failure = (kind: ProviderErrorKind, failoverSafe = false) => new ProviderError({ provider: 'fal', kind, failoverSafe })

const attemptsOf = async ({ statements }: Database, id: string) =>
  (await listAttempts(statements, id)).map(({ provider, state }) => `${provider} ${state}`)

async function blockOf({ statements }: Database): Promise<BlockReason | null | undefined> {
  const state = await statements.selectFrom('provider_state').select('blocked_reason').where('provider', '=', 'fal').executeTakeFirst()
  return state?.blocked_reason
}

describe.each(stores)('a refused create call, on $name', (store) => {
  it.each([
    ['the refusal', 'attempts', "new.state = 'refused'"],
    ['what the refusal says about the provider', 'provider_state', 'new.blocked_reason is not null'],
  ] as const)('goes on to the next provider although the store does not take %s for a moment', async (_, table, when) => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { candidates: ['fal', 'replicate'] })
    const broken = Promise.withResolvers<() => Promise<void>>()
    const start = async () => {
      broken.resolve(await refuseUpdates(database, table, when))
      throw failure('no_credit', true)
    }
    const { worker, seen, lines } = await setUpWorker(database, [quickProvider('fal', { start }), quickProvider('replicate')])
    await worker.start()
    const repair = await broken.promise
    await expect.poll(() => lines.some((line) => line.includes(refusal))).toBe(true)
    await repair()
    await expect.poll(() => seen).toEqual(['post'])
    expect(await attemptsOf(database, id)).toEqual(['fal refused', 'replicate completed'])
    expect(await blockOf(database)).toBe('no_credit')
  })
})

describe.each(stores)('a create call that our own stop breaks off, on $name', (store) => {
  it('is held, and does not block its provider', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database)
    const sent = Promise.withResolvers<undefined>()
    const fal = quickProvider('fal', {
      start: (_, __, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(failure('submission_unknown')))
          sent.resolve(undefined)
        }),
    })
    const { worker } = await setUpWorker(database, [fal])
    await worker.start()
    await sent.promise
    await worker.stop({ graceMs: 0 })
    expect(await findRow(database.statements, id)).toMatchObject({ state: 'held' })
    expect(await attemptsOf(database, id)).toEqual(['fal unknown'])
    expect(await listBlocked(database.statements)).toEqual(new Map())
  })
})

describe.each(stores)('the job of a lost create call that is found, on $name', (store) => {
  it.each<[string, BlockReason, { lostLaterAt?: number }, BlockReason | null]>([
    ['lifts the block', 'submission_unknown', {}, null],
    ['lifts the block if the other lost call was an earlier one', 'submission_unknown', { lostLaterAt: 50 }, null],
    ['leaves the block if a later call was lost', 'submission_unknown', { lostLaterAt: 200 }, 'submission_unknown'],
    ['leaves a block for the key', 'auth', {}, 'auth'],
  ])('%s', async (_, reason, { lostLaterAt }, expected) => {
    const database = await openStore(store)
    const { statements } = database
    const attempt = { take: 1, provider: 'fal', created_at: 1 } as const
    const { id } = await acceptGeneration(database)
    const own = { ...attempt, id: '1', generation_id: id, state: 'sent', sent_at: 100, webhook_token: 'a' } as const
    await statements.insertInto('attempts').values(own).execute()
    await statements.updateTable('generations').set({ state: 'submitting', owner: 'a-worker-that-died' }).where('id', '=', id).execute()
    if (lostLaterAt !== undefined) {
      const other = await acceptGeneration(database)
      await statements.updateTable('generations').set({ state: 'held' }).where('id', '=', other.id).execute()
      const lost = { ...attempt, id: '2', generation_id: other.id, state: 'unknown', sent_at: lostLaterAt, webhook_token: 'b' } as const
      await statements.insertInto('attempts').values(lost).execute()
    }
    const fal = quickProvider('fal', {
      recover: () => Promise.resolve({ id: 'the-job' }),
      probe: () => Promise.reject(failure('unavailable')),
    })
    const { worker, seen, clock } = await setUpWorker(database, [fal])
    await blockProvider(database, 'fal', reason, { now: await sharedNow(database, clock) })
    await worker.start()
    await expect.poll(() => seen).toEqual(['post'])
    expect(await blockOf(database)).toBe(expected)
  })
})
