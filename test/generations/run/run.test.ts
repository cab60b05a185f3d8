import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import type { GenerationState } from '../../../src/generations/model/generation.ts'
import { DeliveryError } from '../../../src/generations/model/delivery-port.ts'
import { Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { runWithRetry } from '../../../src/generations/run/run.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { createClock } from '../../../src/lib/clock.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import {
  attempted,
  attemptsOf,
  claimed,
  clipUrl,
  createWaitingClock,
  ledgerOf,
  losing,
  losingCommits,
  put,
  reads,
  setUpRun,
  type Stage,
  startsAt,
} from './run-stage.ts'

const [warning, error] = [40, 50]
const moderated = new ProviderError({ provider: 'fal', kind: 'moderation' })
const output = { output_url: clipUrl, output_expires_at: startsAt + 3_600_000, captured: 1 } as const

describe.each(stores)('a claimed generation on $name', (store) => {
  async function setUp(state: GenerationState, wrap: (database: Database) => Database = (database) => database, stage: Stage = {}) {
    const database = await openStore(store)
    const clock = createWaitingClock()
    const fal = quickProvider('fal', { start: () => Promise.reject(moderated) })
    const tested = await setUpRun(database, { clock, providers: [fal], ...stage })
    tested.context.database = wrap(database)
    const generation = await claimed(database, state, { change: state === 'delivering' ? output : {} })
    const run = () => runWithRetry(generation, tested.context, tested.signals)
    const row = () => findRow(database.statements, generation.id)
    const levels = () => tested.logged().map(({ level }) => level)
    return { ...tested, database, id: generation.id, run, row, levels, waits: clock.waits }
  }

  it('is rendered, captured, posted and done, and its provider may get the next one meanwhile', async () => {
    const fal = quickProvider('fal')
    // Fast, and no deadline: how long it takes does not matter.
    const { run, seen, context, database, id, logged, levels, shown } = await setUp('submitting', undefined, {
      providers: [fal],
      clock: createClock(1000),
    })
    const announced: number[] = []
    context.notifier.onWork(() => announced.push(fal.creates))
    await run()
    expect([seen, fal.creates, announced, await attemptsOf(database, id)]).toEqual([['post'], 1, [1], ['fal completed']])
    expect(await ledgerOf(database, id)).toBe('reserve capture')
    expect(shown.map(({ state }) => state)).toEqual([
      'submitting',
      'rendering',
      expect.anything(),
      ...shown.slice(3).map(({ state }) => state),
    ])
    expect([logged().at(-1), Math.max(...levels())]).toEqual([
      expect.objectContaining({ generation: id, provider: 'fal', msg: 'clip posted' }),
      30,
    ])
  })

  it('that is rendering already is only watched, and announces no free capacity', async () => {
    const fal = quickProvider('fal')
    const { run, seen, context, database, id } = await setUp('rendering', undefined, { providers: [fal], clock: createClock(1000) })
    await attempted(database, { id, state: 'rendering' }, 'fal', { state: 'accepted', operation: '{"id":"job"}', operation_id: 'job' })
    let announced = 0
    context.notifier.onWork(() => (announced += 1))
    await run()
    expect([seen, fal.creates, announced]).toEqual([['post'], 0, 0])
  })

  it('that was being delivered is looked for before it is posted', async () => {
    const { run, seen, row } = await setUp('delivering')
    await run()
    expect([seen, (await row())?.state]).toEqual([['look', 'post'], 'done'])
  })

  it('that Discord refuses is refunded, and the member reads so', async () => {
    const post = () => Promise.reject(new DeliveryError('HTTP 403', { permanent: true }))
    const { run, seen, row, levels } = await setUp('delivering', undefined, { post })
    await run()
    expect([seen.at(-1), levels()]).toEqual(['failed: undeliverable (fal)', [30]])
    expect(await row()).toMatchObject({ state: 'failed', end_reason: 'undeliverable', captured: 1, ended_at: startsAt })
  })

  it('that is held is an error in the log', async () => {
    const { run, seen, id, database, logged } = await setUp('rendering', undefined, { providers: [] })
    await attempted(database, { id, state: 'rendering' }, 'fal', { state: 'accepted', operation: '{"id":"job"}', operation_id: 'job' })
    await run()
    expect([seen, await attemptsOf(database, id)]).toEqual([['held: auth (fal)'], ['fal unknown auth']])
    expect(logged()).toMatchObject([{ level: error, generation: id, provider: 'fal', reason: 'auth', settlement: 'hold' }])
  })

  it('is run again after a fault of the store, more and more rarely, once a minute in the end', async () => {
    let reading = 0
    const isLost = (statement: string) => reads('attempts')(statement) && (reading += 1) <= 14
    const { run, seen, waits, levels } = await setUp('submitting', (database) => losing(database, isLost))
    await run()
    const growing = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((count) => count * 5000)
    expect([seen, waits]).toEqual([['failed: moderation (fal)'], [...growing, 60_000, 60_000, 60_000]])
    expect(levels().filter((level) => level === error)).toHaveLength(14)
  })

  it('is run again once the store can be read: until then it is read every five seconds', async () => {
    let lost = 0
    const isLost = (statement: string) => (reads('attempts')(statement) && lost === 0 ? (lost += 1) > 0 : lost > 0 && (lost += 1) < 6)
    const { run, seen, waits } = await setUp('submitting', (database) => losing(database, isLost))
    await run()
    expect([seen, waits]).toEqual([['failed: moderation (fal)'], [5000, 5000, 5000, 5000, 5000]])
  })

  it('is sent when the store works again, if only the response to the commit before was lost', async () => {
    const fal = quickProvider('fal')
    const loseFirst = (database: Database) => losingCommits(database, (commit) => commit === 1)
    const { run, seen, database, id } = await setUp('submitting', loseFirst, { providers: [fal], clock: createClock(1000) })
    await run()
    expect([seen, fal.creates]).toEqual([['post'], 1])
    expect(await attemptsOf(database, id)).toEqual(['fal completed'])
  })

  it('renders at once if only the response to the commit of its job was lost', async () => {
    const fal = quickProvider('fal')
    const loseSecond = (database: Database) => losingCommits(database, (commit) => commit === 2)
    const { run, seen, logged } = await setUp('submitting', loseSecond, { providers: [fal], clock: createClock(1000) })
    await run()
    expect([seen, fal.creates]).toEqual([['post'], 1])
    const faults = logged().filter(({ level }) => level > 30)
    expect(faults.map(({ msg }) => msg)).toEqual(['the store did not take a job with its generation; storing the job alone'])
  })

  it('goes on where it was when the store failed', async () => {
    // That it is sent, that it renders, that it is paid: the last one is stored all the same.
    const loseThird = (database: Database) => losingCommits(database, (commit) => commit === 3)
    const fal = quickProvider('fal')
    const { run, seen, levels } = await setUp('submitting', loseThird, { providers: [fal], clock: createClock(1000) })
    await run()
    expect([levels().includes(50), seen, fal.creates]).toEqual([true, ['look', 'post'], 1])
  })

  it.each<[string, Parameters<typeof put>[2]]>([
    ['another process has taken over', { owner: 'another-worker' }],
    ['is done', { state: 'done' }],
    ['was returned to the queue', { state: 'queued', owner: null }],
  ])('is left alone after a fault if it %s', async (_, change) => {
    const { run, row, seen, waits, shown, context, database, id } = await setUp('submitting')
    context.database = losing(database, reads('attempts'))
    await put(database, id, change)
    await run()
    expect([seen, waits, shown]).toEqual([[], [], []])
    expect(await row()).toMatchObject(change)
  })

  it('that is not to be run is neither shown nor sent', async () => {
    const { run, shown, seen, levels, row, waits } = await setUp('held')
    await run()
    expect([shown, seen, waits, levels(), (await row())?.state]).toEqual([[], [], [], [warning], 'held'])
  })

  it('that another process changes is only a warning', async () => {
    const { run, levels, seen, context, database, id } = await setUp('submitting')
    const start = async () => {
      await put(database, id, { owner: 'another-worker' })
      throw moderated
    }
    context.providers = new Map([['fal', quickProvider('fal', { start })]])
    await run()
    expect([levels(), seen]).toEqual([[warning], []])
  })

  it.each([
    ['refused', new ProviderError({ provider: 'fal', kind: 'invalid_input', failoverSafe: true })],
    ['moderated', moderated],
  ])('whose row is gone when it is %s is left alone', async (_, refusal) => {
    const { run, levels, seen, context, database } = await setUp('submitting')
    const start = async () => {
      for (const table of ['attempts', 'ledger', 'generations'] as const) await database.statements.deleteFrom(table).execute()
      throw refusal
    }
    context.providers = new Map([['fal', quickProvider('fal', { start })]])
    await run()
    expect([levels(), seen]).toEqual([[warning], []])
  })

  it('is not begun after the bot began to stop', async () => {
    const { run, seen, pause, levels, shown } = await setUp('submitting')
    pause.abort(new Stopping())
    await run()
    expect([seen, shown, levels()]).toEqual([[], [], []])
  })

  it('that a stop interrupts is not reported as a fault', async () => {
    const { run, levels, seen, pause, waits } = await setUp('delivering', undefined, {
      post: () => {
        pause.abort(new Stopping())
        return Promise.reject(new Error('broken off'))
      },
    })
    await run()
    expect([seen, waits, levels()]).toEqual([['look', 'post'], [], []])
  })

  it.each([1, 2])('is left to the next process if the bot stops in wait %s while the store fails', async (wait) => {
    let lost = 0
    const isLost = (statement: string) => (reads('attempts')(statement) || (lost > 0 && wait > 1) ? (lost += 1) > 0 : false)
    const clock = createWaitingClock((waits) => {
      if (waits.length === wait) pause.abort(new Stopping())
    })
    const { run, seen, row, pause } = await setUp('submitting', (database) => losing(database, isLost), { clock })
    await run()
    expect([seen, clock.waits.length, (await row())?.state]).toEqual([[], wait, 'submitting'])
  })

  it('that cannot be read is set aside, and not run again', async () => {
    const { run, seen, context, database, id, waits, levels } = await setUp('submitting')
    await attempted(database, { id, state: 'submitting' }, 'fal', { operation: 'no JSON' })
    await run()
    expect([...context.database.setAside.ids]).toEqual([id])
    expect([seen, waits, levels()]).toEqual([[], [], []])
  })

  it('that cannot be read after a fault is not read for ever', async () => {
    const { run, seen, context, database, id, waits } = await setUp('submitting')
    context.database = losing(database, reads('attempts'))
    await put(database, id, { request: 'no JSON' })
    await run()
    expect([seen, waits]).toEqual([[], []])
  })
})
