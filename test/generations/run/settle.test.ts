import { describe, expect, it } from 'vitest'

import { Outcome } from '../../../src/generations/model/outcome.ts'
import { LeaseLost } from '../../../src/generations/model/stop-reasons.ts'
import { cancelQueued, captureCompleted, endQueued, settleOutcome } from '../../../src/generations/run/settle.ts'
import { latestAttempt } from '../../../src/generations/store/attempts.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { StoredRowError } from '../../../src/storage/json-columns.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { walletOf } from '../../support/store/generations.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { attempted, attemptsOf, bystander, claimed, clipUrl, found, ledgerOf, put, setUpRun, startsAt } from './run-stage.ts'

const price = 350_000

describe.each(stores)('the settlement of a generation on $name', (store) => {
  async function setUp() {
    const database = await openStore(store)
    const { id } = await claimed(database, 'rendering')
    await attempted(database, { id, state: 'rendering' }, 'fal', { state: 'accepted', operation: '{"id":"job"}', operation_id: 'job' })
    const tested = await setUpRun(database, { providers: [quickProvider('fal')], outputLifetimes: new Map([['fal', 60_000]]) })
    const attempt = (await latestAttempt(database.statements, id)) ?? expect.unreachable('it was just written')
    const operation = { id: 'job' }
    const capture = async (completed: object) =>
      captureCompleted({ generation: await found(database, id), attempt, operation }, { state: 'completed', ...completed }, tested.context)
    const settle = async (outcome: Outcome) => settleOutcome(await found(database, id), outcome, tested.context)
    const row = () => findRow(database.statements, id)
    const costs = () => database.statements.selectFrom('attempts').select(['provider_cost', 'implausible_cost', 'ended_at']).execute()
    return { ...tested, database, id, capture, settle, row, costs }
  }

  it('captures a clip, and stores where it is and how long', async () => {
    const { capture, row, costs, database, id, logged } = await setUp()
    const unchanged = await bystander(database, 'rendering')
    await capture({ url: clipUrl, cost: { printed: 0.36, unit: 1_000_000 } })
    expect(await row()).toMatchObject({ state: 'delivering', captured: 1, output_url: clipUrl, output_expires_at: startsAt + 60_000 })
    expect([await attemptsOf(database, id), await costs()]).toEqual([
      ['fal completed'],
      [{ provider_cost: 360_000, implausible_cost: null, ended_at: startsAt }],
    ])
    expect([await ledgerOf(database, id), logged()]).toEqual(['reserve capture difference', []])
    await unchanged()
  })

  it('stores that the provider flagged a clip, and says so in the log', async () => {
    const { capture, row, logged, id } = await setUp()
    expect(await capture({ url: clipUrl, flagged: true })).toMatchObject({ outputFlagged: true })
    expect([await row(), logged()]).toMatchObject([{ output_flagged: 1 }, [{ level: 40, generation: id, provider: 'fal' }]])
  })

  it.each([false, undefined])('stores that a clip was not flagged: %s', async (flagged) => {
    const { capture, row, logged } = await setUp()
    expect(await capture({ url: clipUrl, flagged })).toMatchObject({ outputFlagged: undefined })
    expect([await row(), logged()]).toMatchObject([{ output_flagged: 0 }, []])
  })

  it('captures a clip that its provider has not named yet', async () => {
    const { capture, row } = await setUp()
    await capture({})
    expect(await row()).toMatchObject({ state: 'delivering', output_url: null })
  })

  it('tells the operator of a cost that cannot be right', async () => {
    const { capture, costs, logged, id } = await setUp()
    await capture({ url: clipUrl, cost: { printed: 350, unit: 1_000_000 } })
    expect(await costs()).toMatchObject([{ provider_cost: null, implausible_cost: '350' }])
    expect(logged()).toMatchObject([{ level: 50, generation: id, provider: 'fal', printed: '350', listed: price }])
  })

  it('captures nothing for a process that lost the generation', async () => {
    const { capture, settle, database, id, row } = await setUp()
    const generation = await found(database, id)
    await put(database, id, { owner: 'another-worker' })
    await expect(capture({ url: clipUrl })).rejects.toBeInstanceOf(LeaseLost)
    await expect(settle(new Outcome('failed', 'timeout', 'release'))).rejects.toBeInstanceOf(LeaseLost)
    expect([await row(), await ledgerOf(database, id)]).toMatchObject([{ state: generation.state, captured: 0 }, 'reserve'])
  })

  it.each([
    ['failed', 'timeout', 'release', { ledger: 'reserve release', attempt: 'failed', captured: 0, guild: 0, spent: 0 }],
    [
      'cancelled',
      'cancelled-by-member',
      'capture',
      { ledger: 'reserve capture', attempt: 'cancelled', captured: 1, guild: price, spent: price },
    ],
    ['failed', 'timeout', 'refund', { ledger: 'reserve capture refund', attempt: 'failed', captured: 1, guild: 0, spent: price }],
    ['failed', 'timeout', 'assume', { ledger: 'reserve assumed release-guild', attempt: 'failed', captured: 1, guild: 0, spent: price }],
    ['held', 'render-overdue', 'hold', { ledger: 'reserve hold', attempt: 'unknown', captured: 0, guild: 0, spent: 0 }],
  ] as const)('%s with %s: %s', async (state, reason, settlement, expected) => {
    const { settle, row, database, id, costs } = await setUp()
    await put(database, id, { notified_at: 5, notifying_until: 6 })
    const unchanged = await bystander(database, 'rendering')
    await settle(new Outcome(state, reason, settlement))
    expect(await row()).toMatchObject({ state, end_reason: reason, provider: 'fal', ended_at: startsAt, captured: expected.captured })
    // The member is told of this end, whatever they were told before.
    expect(await row()).toMatchObject({ notified_at: null, notifying_until: null })
    expect((await row())?.guild_released_at).toBe(settlement === 'assume' ? startsAt : null)
    expect([await ledgerOf(database, id), await attemptsOf(database, id)]).toEqual([expected.ledger, [`fal ${expected.attempt} ${reason}`]])
    expect((await costs())[0]?.ended_at).toBe(startsAt)
    expect((await walletOf(database, 'guild', 'day', '200000000000000001')).spent).toBe(expected.guild)
    expect((await walletOf(database, 'installation', 'day')).spent).toBe(expected.spent)
    await unchanged()
  })

  it('leaves the guild alone once its share was released', async () => {
    const { settle, row, database, id } = await setUp()
    await put(database, id, { guild_released_at: 7 })
    const before = await walletOf(database, 'guild', 'day')
    await settle(new Outcome('failed', 'timeout', 'assume'))
    expect([(await row())?.guild_released_at, await walletOf(database, 'guild', 'day')]).toEqual([7, before])
  })

  it('names the provider that decided, and leaves an attempt that was over as it was', async () => {
    const { settle, row, database, id } = await setUp()
    await database.statements.updateTable('attempts').set({ state: 'refused', end_reason: 'timeout', ended_at: 3 }).execute()
    await settle(new Outcome('failed', 'auth', 'release', { provider: 'replicate' }))
    expect([(await row())?.provider, await attemptsOf(database, id)]).toEqual(['replicate', ['fal refused timeout']])
  })

  it('cancels for free what is queued, and nothing else', async () => {
    const { database, id } = await setUp()
    const cancel = { by: 'moderator', now: 9 } as const
    expect(await cancelQueued(database, id, cancel)).toBeUndefined()
    await put(database, id, { state: 'queued', owner: null })
    const cancelled = { state: 'cancelled', endReason: 'cancelled-by-member', cancelledBy: 'moderator', endedAt: 9 }
    expect(await cancelQueued(database, id, cancel)).toMatchObject(cancelled)
    expect(await cancelQueued(database, id, cancel)).toBeUndefined()
    expect([await ledgerOf(database, id), await walletOf(database, 'guild', 'day')]).toEqual(['reserve release', { reserved: 0, spent: 0 }])
  })

  it('ends a queued one that cannot be read', async () => {
    const { database, id, row } = await setUp()
    await put(database, id, { state: 'queued', owner: null, request: 'no JSON' })
    const ended = endQueued(database, id, { state: 'failed', end_reason: 'internal', provider: 'runware', now: 9 })
    await expect(ended).rejects.toBeInstanceOf(StoredRowError)
    expect(await row()).toMatchObject({ state: 'failed', end_reason: 'internal', provider: 'runware', ended_at: 9 })
    expect(await ledgerOf(database, id)).toBe('reserve release')
  })
})
