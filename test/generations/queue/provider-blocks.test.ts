import { describe, expect, it } from 'vitest'

import {
  admitCreate,
  allowTrial,
  blockProvider,
  claimDueProbes,
  type DueProbe,
  listBlocked,
  maxSubmitting,
  unblockProvider,
} from '../../../src/generations/queue/provider-blocks.ts'
import type { Database } from '../../../src/storage/database.ts'
import type { BlockReason } from '../../../src/storage/schema.ts'
import { openStore, stores } from '../../storage/stores.ts'

const now = Date.UTC(2026, 10, 20, 12)
const seconds = 1000
const minutes = 60_000

/** The free call that is due at this moment, or a failure of the test. */
async function dueProbe(database: Database, at: number): Promise<DueProbe> {
  const [due, ...others] = await claimDueProbes(database.statements, ['fal', 'replicate'], { now: at })
  expect(others).toEqual([])
  return due ?? expect.unreachable('no free call is due')
}

async function slots(database: Database): Promise<number> {
  const state = await database.statements.selectFrom('provider_state').selectAll().where('provider', '=', 'fal').executeTakeFirstOrThrow()
  return maxSubmitting(state)
}

/** When each free call falls due, in milliseconds since the block. */
async function probeTimes(database: Database, count: number): Promise<number[]> {
  const times: number[] = []
  for (let at = now; times.length < count; at += seconds) {
    const [due] = await claimDueProbes(database.statements, ['fal'], { now: at })
    if (due) times.push(at - now)
  }
  return times
}

describe.each(stores)('a blocked provider on $name', (store) => {
  it('gets no create call, and the others do', async () => {
    const database = await openStore(store)
    expect(await admitCreate(database.statements, 'fal', { now })).toBe('open')
    expect(await blockProvider(database, 'fal', 'submission_unknown', { now })).toBe(true)
    expect(await listBlocked(database.statements)).toEqual(new Map([['fal', 'submission_unknown']]))
    expect(await slots(database)).toBe(0)
    expect(await admitCreate(database.statements, 'fal', { now: now + minutes })).toBe('blocked')
    expect(await admitCreate(database.statements, 'replicate', { now })).toBe('open')
  })

  it.each<[BlockReason, number[]]>([
    ['submission_unknown', [30, 90, 210, 450, 930, 1530, 2130]],
    ['unavailable', [5, 15, 35, 75, 135, 195]],
    ['auth', [30, 60, 90, 120]],
    ['no_credit', [30, 60, 90, 120]],
  ])('for %s is asked by free calls, in seconds: %j', async (reason, expected) => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', reason, { now })
    expect(await probeTimes(database, expected.length)).toEqual(expected.map((time) => time * seconds))
  })

  it('that is simulated is asked sooner, by the factor that was set', async () => {
    const database = await openStore(store)
    const probesAt = (at: number) => claimDueProbes(database.statements, ['fal'], { now: at, outageSpeed: 10 })
    await blockProvider(database, 'fal', 'submission_unknown', { now, outageSpeed: 10 })
    expect(await probesAt(now + 3 * seconds - 1)).toEqual([])
    expect(await probesAt(now + 3 * seconds)).toEqual([{ provider: 'fal', reason: 'submission_unknown', nextAt: now + 9 * seconds }])
    expect(await probesAt(now + 9 * seconds - 1)).toEqual([])
    expect(await probesAt(now + 9 * seconds)).toHaveLength(1)
  })

  it('is asked by one of several processes', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'auth', { now })
    const ask = () => claimDueProbes(database.statements, ['fal', 'replicate'], { now: now + 30 * seconds })
    const claims = await Promise.all([ask(), ask(), ask(), ask()])
    expect(claims.flat()).toEqual([{ provider: 'fal', reason: 'auth', nextAt: now + minutes }])
  })

  it('is not asked by a process without its key', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'auth', { now })
    expect(await claimDueProbes(database.statements, ['replicate'], { now: now + minutes })).toEqual([])
  })

  it('gets one create call after a free one succeeded, and all others once that was answered', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'submission_unknown', { now })
    expect(await allowTrial(database.statements, await dueProbe(database, now + 30 * seconds))).toBe(true)
    expect(await slots(database)).toBe(1)
    expect(await listBlocked(database.statements)).toEqual(new Map())
    const admitted = await Promise.all([1, 2, 3].map(() => admitCreate(database.statements, 'fal', { now: now + 31 * seconds })))
    expect(admitted.sort()).toEqual(['blocked', 'blocked', 'trial'])
    expect(await slots(database)).toBe(0)
    await unblockProvider(database.statements, 'fal')
    expect(await slots(database)).toBe(2)
    expect(await admitCreate(database.statements, 'fal', { now: now + 32 * seconds })).toBe('open')
    await blockProvider(database, 'fal', 'submission_unknown', { now: now + minutes })
    expect(await claimDueProbes(database.statements, ['fal'], { now: now + 89 * seconds })).toEqual([])
    await dueProbe(database, now + 90 * seconds)
  })

  it('is left alone for an hour if the tried create call is lost, too: free calls do not show this outage', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'submission_unknown', { now })
    await allowTrial(database.statements, await dueProbe(database, now + 30 * seconds))
    expect(await admitCreate(database.statements, 'fal', { now: now + minutes })).toBe('trial')
    await blockProvider(database, 'fal', 'submission_unknown', { now: now + minutes, call: 'trial' })
    expect(await claimDueProbes(database.statements, ['fal'], { now: now + 61 * minutes - 1 })).toEqual([])
    await dueProbe(database, now + 61 * minutes)
  })

  it('is not said to need the operator while one create call is tried', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'no_credit', { now })
    await allowTrial(database.statements, await dueProbe(database, now + 30 * seconds))
    await admitCreate(database.statements, 'fal', { now: now + minutes })
    expect(await listBlocked(database.statements)).toEqual(new Map([['fal', 'unavailable']]))
    await blockProvider(database, 'fal', 'no_credit', { now: now + minutes, call: 'trial' })
    expect(await listBlocked(database.statements)).toEqual(new Map([['fal', 'no_credit']]))
  })

  it('goes on backing off where the tried create call fails without being lost', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'unavailable', { now })
    await allowTrial(database.statements, await dueProbe(database, now + 5 * seconds))
    await admitCreate(database.statements, 'fal', { now: now + 6 * seconds })
    await blockProvider(database, 'fal', 'unavailable', { now: now + 6 * seconds, call: 'trial' })
    expect(await claimDueProbes(database.statements, ['fal'], { now: now + 16 * seconds - 1 })).toEqual([])
    await dueProbe(database, now + 16 * seconds)
  })

  it('is asked again if the process that tried the create call died', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'auth', { now })
    await allowTrial(database.statements, await dueProbe(database, now + 30 * seconds))
    await admitCreate(database.statements, 'fal', { now: now + minutes })
    expect(await claimDueProbes(database.statements, ['fal'], { now: now + 5 * minutes })).toEqual([])
    await allowTrial(database.statements, await dueProbe(database, now + 6 * minutes))
    expect(await admitCreate(database.statements, 'fal', { now: now + 7 * minutes })).toBe('trial')
  })

  it('stays blocked if another create call was lost during the free call', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'submission_unknown', { now })
    const due = await dueProbe(database, now + 30 * seconds)
    expect(await blockProvider(database, 'fal', 'submission_unknown', { now: now + 31 * seconds })).toBe(false)
    expect(await allowTrial(database.statements, due)).toBe(false)
    expect(await slots(database)).toBe(0)
  })

  it.each<[BlockReason, BlockReason, BlockReason]>([
    ['submission_unknown', 'unavailable', 'submission_unknown'],
    ['auth', 'unavailable', 'auth'],
    ['no_credit', 'submission_unknown', 'no_credit'],
    ['unavailable', 'submission_unknown', 'submission_unknown'],
    ['submission_unknown', 'auth', 'auth'],
    ['auth', 'no_credit', 'no_credit'],
  ])('for %s, where a create call sent before that fails with %s only then, is blocked for %s', async (reason, late, expected) => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', reason, { now })
    expect(await blockProvider(database, 'fal', late, { now: now + seconds })).toBe(expected !== reason)
    expect(await listBlocked(database.statements)).toEqual(new Map([['fal', expected]]))
  })

  it.each<BlockReason>(['submission_unknown', 'unavailable', 'auth', 'no_credit'])(
    'is not asked earlier because a create call sent before that fails only then (%s)',
    async (late) => {
      const database = await openStore(store)
      await blockProvider(database, 'fal', 'submission_unknown', { now, call: 'trial' })
      await blockProvider(database, 'fal', late, { now: now + minutes })
      expect(await claimDueProbes(database.statements, ['fal'], { now: now + 60 * minutes - 1 })).toEqual([])
      await dueProbe(database, now + 60 * minutes)
    },
  )

  it('is asked at the pace of its key once a free call is refused for it', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'submission_unknown', { now, call: 'trial' })
    await dueProbe(database, now + 60 * minutes)
    expect(await blockProvider(database, 'fal', 'auth', { now: now + 60 * minutes, call: 'probe' })).toBe(true)
    await dueProbe(database, now + 60 * minutes + 30 * seconds)
  })

  it('is reported as new once for each reason', async () => {
    const database = await openStore(store)
    expect(await blockProvider(database, 'fal', 'auth', { now })).toBe(true)
    expect(await blockProvider(database, 'fal', 'auth', { now })).toBe(false)
    await allowTrial(database.statements, await dueProbe(database, now + 30 * seconds))
    await admitCreate(database.statements, 'fal', { now: now + minutes })
    expect(await blockProvider(database, 'fal', 'auth', { now: now + minutes, call: 'trial' })).toBe(false)
    expect(await blockProvider(database, 'fal', 'no_credit', { now: now + minutes })).toBe(true)
    await unblockProvider(database.statements, 'fal')
    expect(await blockProvider(database, 'fal', 'no_credit', { now: now + 2 * minutes })).toBe(true)
  })

  it('is not left alone for a year by a clock that was ahead for a moment', async () => {
    const database = await openStore(store)
    await blockProvider(database, 'fal', 'auth', { now: now + 365 * 24 * 60 * minutes })
    await dueProbe(database, now + 30 * seconds)
  })
})
