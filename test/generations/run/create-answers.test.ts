import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { Outcome } from '../../../src/generations/model/outcome.ts'
import { LeaseLost, Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { listBlocked } from '../../../src/generations/queue/provider-blocks.ts'
import { storeFailure, storeOperation, untilStored } from '../../../src/generations/run/create-answers.ts'
import { type Attempt, latestAttempt } from '../../../src/generations/store/attempts.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import type { Database } from '../../../src/storage/database.ts'
import { StoredRowError } from '../../../src/storage/json-columns.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { attempted, attemptsOf, claimed, createWaitingClock, losing, losingCommits, owner, put, setUpRun, startsAt } from './run-stage.ts'

const full = new Error('the disk is full')

describe.each(stores)('what a provider answered to a create call, on $name', (store) => {
  async function setUp() {
    const database = await openStore(store)
    const clock = createWaitingClock()
    const tested = await setUpRun(database, { clock })
    const generation = await claimed(database, 'submitting')
    await attempted(database, generation, 'fal', { state: 'sent', sent_at: startsAt })
    const attempt = (await latestAttempt(database.statements, generation.id)) ?? expect.unreachable('it was just written')
    return { ...tested, database, attempt, id: generation.id, waits: clock.waits, force: new AbortController() }
  }

  it('is written until the store takes it, more and more rarely', async () => {
    const { context, waits, force, logged } = await setUp()
    let tries = 0
    await untilStored(() => ((tries += 1) < 8 ? Promise.reject(full) : Promise.resolve()), force.signal, context)
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000, 5000])
    expect(logged()).toHaveLength(7)
  })

  it.each([new Outcome('failed', 'internal', 'release'), new LeaseLost('taken'), new StoredRowError('attempts.operation')])(
    'is not written again where the store would say the same: %s',
    async (error) => {
      const { context, waits, force } = await setUp()
      await expect(untilStored(() => Promise.reject(error), force.signal, context)).rejects.toBe(error)
      expect(waits).toEqual([])
    },
  )

  it('is written a last time when the bot must end, which never means that nothing was sent', async () => {
    const { context, force } = await setUp()
    let tries = 0
    const write = () => {
      tries += 1
      force.abort(new Stopping())
      return Promise.reject(full)
    }
    await expect(untilStored(write, force.signal, context)).rejects.toBe(full)
    expect(tries).toBe(1)
    // The stop came while it waited.
    const stage = await setUp()
    stage.context.clock = createWaitingClock(() => stage.force.abort(new Stopping()))
    const again = () => {
      tries += 1
      return Promise.reject(full)
    }
    await expect(untilStored(again, stage.force.signal, stage.context)).rejects.toBe(full)
    expect(tries).toBe(3)
  })

  it('is a job, also if the store does not take it at first', async () => {
    const { context, database, attempt, force, waits, id } = await setUp()
    const failing = losingCommits(database, (commit) => commit === 1)
    // Neither with its generation nor alone.
    let lost = 0
    const { statements } = losing(database, (statement) => statement.includes('"UpdateQueryNode"') && (lost += 1) === 1)
    const rendering = await storeOperation(attempt, { id: 'job' }, { ...context, database: { ...failing, statements } }, force.signal)
    expect([waits, await attemptsOf(database, id), rendering?.state]).toEqual([[200], ['fal accepted'], 'rendering'])
  })

  it('is a job, also if the store does not take it with its generation', async () => {
    const { context, database, attempt, force, waits, id } = await setUp()
    const failing: Database = { ...database, transaction: () => Promise.reject(full) }
    expect(await storeOperation(attempt, { id: 'job' }, { ...context, database: failing }, force.signal)).toBeUndefined()
    expect([waits, await attemptsOf(database, id)]).toEqual([[], ['fal accepted']])
  })

  it('is stored for whoever owns the generation by now; only its owner lets it render', async () => {
    const { context, database, attempt, force, id } = await setUp()
    await put(database, id, { owner: 'another-worker' })
    expect(await storeOperation(attempt, { id: 'job' }, context, force.signal)).toBeUndefined()
    expect([await attemptsOf(database, id), (await findRow(database.statements, id))?.state]).toEqual([['fal accepted'], 'submitting'])
  })

  it('of several that name one job at the same time is the first one’s; the others are stored as well', async () => {
    const { context, database, attempt, force, id } = await setUp()
    const others = [await claimed(database, 'submitting'), await claimed(database, 'submitting')]
    for (const other of others) await attempted(database, other, 'fal', { state: 'sent', sent_at: startsAt })
    const attempts = await Promise.all(others.map(({ id: own }) => latestAttempt(database.statements, own)))
    const [twin, next] = attempts.map((each) => each ?? expect.unreachable('they were just written'))
    if (!twin || !next) expect.unreachable('there are two')
    const store = (each: Attempt, job: string) => storeOperation(each, { id: job }, context, force.signal)
    const outcomes = await Promise.allSettled([store(attempt, 'job'), store(twin, 'job'), store(next, 'next')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const ids = [id, ...others.map((other) => other.id)]
    const rows = await Promise.all(ids.map((own) => findRow(database.statements, own)))
    expect(rows.map((row) => row?.state)).toEqual(['rendering', 'submitting', 'rendering'])
    expect(await Promise.all(ids.map((own) => attemptsOf(database, own)))).toEqual([['fal accepted'], ['fal sent'], ['fal accepted']])
  })

  it('is held if it names the job of another request, and the operator reads which', async () => {
    const { context, database, attempt, force, waits, logged, id } = await setUp()
    const other = await claimed(database, 'rendering')
    await attempted(database, other, 'fal', { state: 'accepted', operation: '{"id":"job"}', operation_id: 'job' })
    const stored = storeOperation(attempt, { id: 'job' }, context, force.signal)
    await expect(stored).rejects.toMatchObject({
      state: 'held',
      reason: 'submission_unknown',
      settlement: 'hold',
      cause: { name: 'OperationTaken' },
    })
    expect([waits, logged()]).toMatchObject([[], [{ level: 50, generation: id, provider: 'fal', job: 'job' }]])
  })

  it.each([
    ['unavailable', 'sent', 'fal refused unavailable'],
    ['timeout', 'preparing', 'fal refused timeout'],
    ['submission_unknown', 'sent', 'fal unknown submission_unknown'],
  ] as const)('%s is kept with its time (%s)', async (kind, state, expected) => {
    const { context, database, attempt, force, id } = await setUp()
    await database.statements.updateTable('attempts').set({ state }).execute()
    const error = new ProviderError({ provider: 'fal', kind })
    await storeFailure(error, { attempt: { ...attempt, state }, admission: 'open' }, context, force.signal)
    const rows = await database.statements.selectFrom('attempts').select('ended_at').execute()
    expect([await attemptsOf(database, id), rows]).toEqual([[expected], [{ ended_at: startsAt }]])
    expect([...(await listBlocked(database.statements)).keys()]).toEqual(['fal'])
  })

  it('blocks its provider even if another process has the generation by now', async () => {
    const { context, database, attempt, force } = await setUp()
    await database.statements
      .updateTable('generations')
      .set({ owner: `not ${owner}` })
      .execute()
    const error = new ProviderError({ provider: 'fal', kind: 'submission_unknown' })
    await expect(storeFailure(error, { attempt, admission: 'open' }, context, force.signal)).rejects.toBeInstanceOf(LeaseLost)
    expect([...(await listBlocked(database.statements)).values()]).toEqual(['submission_unknown'])
  })

  it.each([
    ['submission_unknown', 0],
    ['unavailable', 1],
  ] as const)('when our own stop broke it off says %s of the job, and blocks %i providers', async (kind, blocked) => {
    const { context, database, attempt, force } = await setUp()
    force.abort(new Stopping())
    await storeFailure(new ProviderError({ provider: 'fal', kind }), { attempt, admission: 'open' }, context, force.signal)
    expect((await listBlocked(database.statements)).size).toBe(blocked)
  })
})
