import type { KyselyPlugin } from 'kysely'
import { describe, expect, it } from 'vitest'

import { createPositionDisplay } from '../../../src/generations/positions/show-position.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { claim } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const now = Date.UTC(2026, 10, 20, 12)
const fal = { id: 'fal', concurrency: 2, createsPerMinute: 1_000_000 } as const

/** Counts how often the whole queue is read; fails its statements on request. */
function watching(database: Database) {
  let readings = 0
  let isAway = false
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (isAway) throw new Error('the store is away')
      const text = JSON.stringify(node)
      // Its subquery is transformed by itself, too.
      if (text.includes('"GroupByNode"') && text.includes('"queue_turns"')) readings += 1
      return node
    },
    transformResult: ({ result }) => Promise.resolve(result),
  }
  const watched = { ...database, statements: database.statements.withPlugin(plugin) }
  return { watched, readings: () => readings, goAway: () => void (isAway = true) }
}

describe.each(stores)('the place of a request that was just accepted, on $name', (store) => {
  async function setUp() {
    const database = await openStore(store)
    const shown: (readonly [id: string, ahead: number | undefined, minutes: number])[] = []
    const { watched, ...rest } = watching(database)
    const display = createPositionDisplay({
      ...{ database: watched, clock: createManualClock(now), capacities: [fal] },
      estimates: { runMs: () => 60_000, learn: () => undefined },
      delivery: { show: ({ id }, { ahead, expectedEndAt = NaN }) => void shown.push([id, ahead, (expectedEndAt - now) / 60_000]) },
    })
    return { database, display, shown, ...rest }
  }

  it('is shown on its card; twenty at once share a few readings of the queue', async () => {
    const { database, display, shown, readings } = await setUp()
    const accepted = []
    for (let count = 0; count < 20; count += 1) accepted.push(await acceptGeneration(database, { now }))
    await Promise.all(accepted.map(display))
    const inOrder = shown.toSorted(([, left = 0], [, right = 0]) => left - right)
    // Two at a time.
    expect(inOrder).toEqual(accepted.map(({ id }, index) => [id, index, 1 + Math.floor(index / 2)]))
    expect(readings()).toBeLessThanOrEqual(2)
  })

  it('is not shown once it is claimed, nor while the store does not respond', async () => {
    const { database, display, shown, goAway } = await setUp()
    const claimed = await acceptGeneration(database, { now })
    await claim(database, fal, { owner: 'worker', now })
    await display(claimed)
    const waiting = await acceptGeneration(database, { now })
    goAway()
    await display(waiting)
    expect(shown).toEqual([])
  })
})
