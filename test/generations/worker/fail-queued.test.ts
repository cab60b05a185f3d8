import { describe, expect, it } from 'vitest'

import type { Generation } from '../../../src/generations/model/generation.ts'
import { blockProvider } from '../../../src/generations/queue/provider-blocks.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { failOverdue, failUnservable } from '../../../src/generations/worker/fail-queued.ts'
import type { ProviderKeys } from '../../../src/generations/worker/provider-keys.ts'
import type { BlockReason } from '../../../src/storage/schema.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { acceptGeneration, walletOf } from '../../support/store/generations.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'

const now = Date.UTC(2026, 10, 20, 12)
const minute = 60_000

async function setUp(store: Store) {
  const database = await openStore(store)
  const ended: Generation[] = []
  const delivery = {
    show: () => undefined,
    findPosted: () => Promise.resolve(undefined),
    post: () => Promise.reject(new Error('nothing is posted from the queue')),
    postOutcome: (generation: Generation) => {
      ended.push(generation)
      return Promise.resolve()
    },
    drain: () => Promise.resolve(),
  }
  const context = { database, delivery, clock: createManualClock(now), log: createCapturedLog().log, queueDeadlineMs: 60 * minute }
  const block = (provider: string, reason: BlockReason) => blockProvider(database, provider, reason, { now })
  return { database, context, ended, block }
}

/** Without the keys of these providers. */
function keysWithout(...gone: string[]): ProviderKeys {
  const isGone = (provider: string) => gone.includes(provider)
  return { served: new Set(), eldest: 'this', isGone, mayAdopt: () => true }
}

describe.each(stores)('a queued request on $name', (store) => {
  it.each([
    ['the account of its only provider needs the operator', ['fal'], 'no_credit', { gone: [], endReason: 'no_credit', provider: 'fal' }],
    ['the others have no key any more', ['replicate', 'fal'], 'auth', { gone: ['replicate'], endReason: 'auth', provider: 'fal' }],
    ['no key of any is left', ['replicate'], 'auth', { gone: ['replicate'], endReason: 'unavailable', provider: 'replicate' }],
  ] as const)('ends without a charge where %s', async (_, candidates, reason, { gone, ...expected }) => {
    const { database, context, ended, block } = await setUp(store)
    await acceptGeneration(database, { now, candidates: [...candidates] })
    await block('fal', reason)
    await failUnservable(keysWithout(...gone), context)
    expect(ended).toMatchObject([{ state: 'failed', ...expected }])
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 0 })
  })

  it.each([
    ['its provider is only unreachable', ['fal'], 'unavailable'],
    ['the response of its provider was lost', ['fal'], 'submission_unknown'],
    ['another provider may still take it', ['fal', 'replicate'], 'no_credit'],
  ] as const)('waits where %s', async (_, candidates, reason) => {
    const { database, context, ended, block } = await setUp(store)
    const { id } = await acceptGeneration(database, { now, candidates: [...candidates] })
    await block('fal', reason)
    await failUnservable(keysWithout(), context)
    expect([ended, (await findRow(database.statements, id))?.state]).toEqual([[], 'queued'])
  })

  it('that cannot be read is released at its deadline, and stops no other', async () => {
    const { database, context, ended } = await setUp(store)
    const unreadable = await acceptGeneration(database, { now: now - 61 * minute })
    const other = await acceptGeneration(database, { now: now - 61 * minute })
    await database.statements.updateTable('generations').set({ request: '{' }).where('id', '=', unreadable.id).execute()
    await failOverdue(context)
    expect(ended.map(({ id }) => id)).toEqual([other.id])
    expect(await findRow(database.statements, unreadable.id)).toMatchObject({ state: 'failed', end_reason: 'queue-overdue' })
    expect(await walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 0 })
  })
})
