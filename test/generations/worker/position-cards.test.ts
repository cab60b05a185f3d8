import { describe, expect, it } from 'vitest'

import { claim } from '../../../src/generations/queue/claim.ts'
import { createPositionCards } from '../../../src/generations/worker/position-cards.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { acceptSome } from '../../support/store/mixed-queue.ts'

const now = Date.parse('2026-05-04T12:00:00Z')
const minute = 60_000
const fal = { id: 'fal', concurrency: 3, createsPerMinute: 1_000_000 } as const
const cardsPerRun = 25

describe.each(stores)('the cards of a long queue on $name', (store) => {
  async function setUp() {
    const database = await openStore(store)
    const clock = createManualClock(now)
    let shown: [id: string, ahead: number | undefined][] = []
    const run = createPositionCards({
      ...{ database, clock, providers: [fal] },
      estimates: { runMs: () => 2 * minute, learn: () => undefined },
      delivery: {
        show: ({ id }, { ahead }) => void shown.push([id, ahead]),
        findPosted: () => Promise.resolve(undefined),
        post: () => Promise.reject(new Error('nothing is posted from the queue')),
        postOutcome: () => Promise.resolve(),
        drain: () => Promise.resolve(),
      },
    })
    const showing = async () => {
      shown = []
      await run()
      return shown
    }
    return { database, clock, showing }
  }

  it('are read no more often than the first one may be edited where many clips are queued or running', async () => {
    const { database, clock, showing } = await setUp()
    const [first] = await acceptSome(database, 2, { seed: 9, now })
    const values = Array.from({ length: 499 }, (_, index) => index)
    const { statements } = database
    const row = await statements
      .selectFrom('generations')
      .selectAll()
      .where('id', '=', first?.id ?? '')
      .executeTakeFirstOrThrow()
    const running = values.map((index) => ({ ...row, id: `running ${index}`, interaction_id: `${index}`, state: 'rendering' as const }))
    await statements.insertInto('generations').values(running).execute()
    expect(await showing()).toHaveLength(2)
    await acceptSome(database, 1, { seed: 9, now })
    await clock.advance(2999)
    expect(await showing()).toEqual([])
    await clock.advance(1)
    expect(await showing()).not.toEqual([])
  })

  it('are all shown, a few at a time, those of the front first and again as soon as they change', async () => {
    const { database, clock, showing } = await setUp()
    const waiting = await acceptSome(database, 230, { seed: 9, now })
    const runs: Awaited<ReturnType<typeof showing>>[] = []
    // Each card once: the queue does not change.
    for (let count = 0; count < 12; count += 1) runs.push(await showing())
    expect(Math.max(...runs.map(({ length }) => length))).toBe(cardsPerRun)
    expect(
      runs
        .slice(0, 4)
        .flat()
        .map(([, ahead]) => ahead),
    ).toEqual(Array.from({ length: 100 }, (_, index) => index))
    const all = runs.flat()
    expect(new Set(all.map(([id]) => id))).toEqual(new Set(waiting.map(({ id }) => id)))
    expect(all.map(([, ahead]) => ahead).toSorted((left, right) => (left ?? 0) - (right ?? 0))).toEqual(waiting.map((_, index) => index))

    await claim(database, [fal], { owner: 'worker', now })
    await clock.advance(3000)
    expect((await showing()).map(([, ahead]) => ahead)).toEqual([0])
    // By then each card may be edited again.
    await clock.advance(231 * 3000)
    const places: (number | undefined)[] = []
    for (let count = 0; count < 20; count += 1) places.push(...(await showing()).map(([, ahead]) => ahead))
    // That of the first one has not changed since.
    const others = Array.from({ length: 227 }, (_, index) => index + 1)
    expect(places.slice(0, cardsPerRun)).toEqual(others.slice(0, cardsPerRun))
    expect(places.toSorted((left, right) => (left ?? 0) - (right ?? 0))).toEqual(others)
  })
})
