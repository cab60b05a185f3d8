import { describe, expect, it } from 'vitest'

import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import type { ProviderId } from '../../../src/domain/provider-id.ts'
import { runWithRetry } from '../../../src/generations/run/run.ts'
import { findRow, requestCancel } from '../../../src/generations/store/generations.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { walletOf } from '../../support/store/generations.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { attempted, attemptsOf, bystander, claimed, createWaitingClock, found, ledgerOf, put, setUpRun, startsAt } from './run-stage.ts'

const price = 350_000
const refused = (kind: ProviderErrorKind, provider: ProviderId = 'fal') => new ProviderError({ provider, kind, failoverSafe: true })

/** The store, of which the first transaction that `run` begins fails. */
function failingOnce(database: Database): Database {
  let failed = false
  const transaction: Database['transaction'] = async (work) => {
    if (failed) return database.transaction(work)
    failed = true
    throw new Error('connection lost')
  }
  return { ...database, transaction }
}

describe.each(stores)('a claimed generation on $name', (store) => {
  /** Its provider refuses it for the time being; the key of Replicate is here as well. */
  async function setUp({ candidates = ['fal', 'replicate'] as ProviderId[], provider = 'fal', providers = [] as Provider[] } = {}) {
    const database = await openStore(store)
    const clock = createWaitingClock()
    const tested = await setUpRun(database, { clock, providers })
    const generation = await claimed(database, 'submitting', { candidates, change: { provider } })
    const { id } = generation
    const run = () => runWithRetry(generation, tested.context, tested.signals)
    return { ...tested, database, id, run, waits: clock.waits, row: () => findRow(database.statements, id) }
  }
  const refusing = (kind: ProviderErrorKind, provider: ProviderId = 'fal') =>
    quickProvider(provider, { start: () => Promise.reject(refused(kind, provider)) })

  it('that a provider refuses waits for the next candidate, and its card says so', async () => {
    const { run, row, shown, seen, database, id, logged } = await setUp({ providers: [refusing('unavailable')] })
    const unchanged = await bystander(database, 'rendering')
    await run()
    expect(await row()).toMatchObject({ state: 'queued', owner: null, provider: 'replicate', candidates: '["replicate"]' })
    expect([await attemptsOf(database, id), await ledgerOf(database, id), seen]).toEqual([['fal refused unavailable'], 'reserve', []])
    expect(shown).toEqual([
      { state: 'submitting', now: startsAt },
      { state: 'queued', now: startsAt },
    ])
    expect(logged().at(-1)).toMatchObject({ level: 40, generation: id, provider: 'fal', to: ['replicate'], reason: 'unavailable' })
    await unchanged()
  })

  it('that the last provider refuses fails for the reason that decides, at the provider that gave it', async () => {
    const { run, row, seen, toldAt, database, id } = await setUp({ providers: [refusing('unavailable')] })
    await attempted(database, { id, state: 'submitting' }, 'replicate', { state: 'refused', end_reason: 'no_credit', ended_at: 3 })
    await run()
    expect([seen, toldAt]).toEqual([['failed: no_credit (replicate)'], [startsAt]])
    expect(await row()).toMatchObject({ state: 'failed', end_reason: 'no_credit', provider: 'replicate', captured: 0, ended_at: startsAt })
    expect(await attemptsOf(database, id)).toEqual(['replicate refused no_credit', 'fal refused unavailable'])
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: 0, spent: 0 })
  })

  it('that was cancelled while a provider refused it is cancelled for free', async () => {
    const { run, seen, database, id, context } = await setUp()
    const start = async () => {
      await requestCancel(database.statements, id, { by: 'requester', now: 1 })
      throw refused('unavailable')
    }
    context.providers = new Map([['fal', quickProvider('fal', { start })]])
    await run()
    expect([seen, await ledgerOf(database, id)]).toEqual([['cancelled: cancelled-by-member (fal)'], 'reserve release'])
  })

  it('whose provider has no key here any more waits as if it had not been claimed', async () => {
    const { run, row, shown, seen, database, id, logged } = await setUp({ candidates: ['replicate', 'fal'] })
    const unchanged = await bystander(database, 'rendering')
    await run()
    expect(await row()).toMatchObject({ state: 'queued', owner: null, provider: 'replicate', candidates: '["replicate","fal"]' })
    expect([await attemptsOf(database, id), await ledgerOf(database, id), seen]).toEqual([[], 'reserve', []])
    expect([shown, logged().map(({ level }) => level)]).toEqual([[{ state: 'queued', now: startsAt }], [30]])
    await unchanged()
  })

  it('that was cancelled before it waits again is cancelled for free', async () => {
    const { run, seen, database, id, row } = await setUp()
    await requestCancel(database.statements, id, { by: 'requester', now: 1 })
    await run()
    expect([seen, await ledgerOf(database, id)]).toEqual([['cancelled: cancelled-by-member (fal)'], 'reserve release'])
    expect(await row()).toMatchObject({ state: 'cancelled', provider: 'fal', end_reason: 'cancelled-by-member' })
  })

  it('that waits again although the store failed at first is charged nothing', async () => {
    const { run, row, waits, context, database, id } = await setUp()
    context.database = failingOnce(database)
    await run()
    expect([waits, (await row())?.state, (await row())?.captured, await ledgerOf(database, id)]).toEqual([[5000], 'queued', 0, 'reserve'])
  })

  it('that a provider refused waits for the next although the store failed at first, and is charged nothing', async () => {
    const { run, row, waits, context, database, id } = await setUp({ providers: [quickProvider('fal')] })
    await attempted(database, { id, state: 'submitting' }, 'fal', { state: 'refused', end_reason: 'unavailable' })
    context.database = failingOnce(database)
    await run()
    expect([waits, (await row())?.state, (await row())?.captured, await ledgerOf(database, id)]).toEqual([[5000], 'queued', 0, 'reserve'])
  })

  it.each<[string, boolean | undefined, { ledger: string; seen: string[]; captured: number; guild: number; spent: number }]>([
    ['billed nothing', false, { ledger: 'reserve', seen: [], captured: 0, guild: price, spent: 0 }],
    ['billed', true, { ledger: 'reserve capture refund', seen: ['failed: timeout (fal)'], captured: 1, guild: 0, spent: price }],
    [
      'may have billed',
      undefined,
      { ledger: 'reserve assumed release-guild', seen: ['failed: timeout (fal)'], captured: 1, guild: 0, spent: price },
    ],
  ])('whose job failed at a provider that %s', async (_, billed, expected) => {
    const status = () => Promise.resolve({ state: 'failed' as const, error: refused('timeout'), billed })
    const stage = await setUp({ providers: [quickProvider('fal', { status })] })
    const { database, id, context, signals, logged } = stage
    await put(database, id, { state: 'rendering', started_at: startsAt - 60_000 })
    await attempted(database, { id, state: 'rendering' }, 'fal', { state: 'accepted', operation: '{"id":"job"}', operation_id: 'job' })
    await runWithRetry(await found(database, id), context, signals)
    expect([await ledgerOf(database, id), stage.seen, (await stage.row())?.captured]).toEqual([
      expected.ledger,
      expected.seen,
      expected.captured,
    ])
    expect(await attemptsOf(database, id)).toEqual(['fal failed timeout'])
    const [attempt] = await database.statements.selectFrom('attempts').select('ended_at').execute()
    expect(attempt?.ended_at).toBeGreaterThanOrEqual(startsAt)
    expect(await walletOf(database, 'guild', 'day')).toEqual({ reserved: expected.guild, spent: 0 })
    expect((await walletOf(database, 'installation', 'day')).spent).toBe(expected.spent)
    expect((await stage.row())?.guild_released_at === null).toBe(billed !== undefined)
    expect(logged().at(-1)?.level).toBe(billed === false ? 40 : 30)
  })
})
