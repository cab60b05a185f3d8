import { describe, expect, it } from 'vitest'

import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from './worker-stage.ts'

/** The store, and how often a worker looked in it whether anything waits, and who has which key. */
function countChecks(database: Database) {
  const counts = { claims: 0, tidyings: 0 }
  const statements = database.statements.withPlugin({
    transformQuery: ({ node }) => {
      const text = node.kind === 'SelectQueryNode' ? JSON.stringify(node) : ''
      if (text.includes('"queued"') && text.includes('"moment"')) counts.claims += 1
      if (text.includes('"served_at"')) counts.tidyings += 1
      return node
    },
    transformResult: ({ result }) => Promise.resolve(result),
  })
  return { counts, database: { ...database, statements } }
}

describe.each(stores)('a worker on $name', (store) => {
  it('checks some ten times a second, and not with each of thousands of notifications, and tidies once a second', async () => {
    const { counts, database } = countChecks(await openStore(store))
    const { worker, notifier, clock } = await setUpWorker(database, [quickProvider('fal')])
    const startedAt = clock.now()
    await worker.start()
    while (counts.claims < 30 || counts.tidyings < 4) {
      notifier.notifyWork()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const seconds = (clock.now() - startedAt) / 1000
    // Twice as many are allowed: timers are not exact, and the first checks and those after tidying follow sooner.
    expect(counts.claims).toBeLessThanOrEqual(20 * seconds + 10)
    expect(counts.tidyings).toBeLessThanOrEqual(seconds + 1)
  })

  it('claims what is accepted right after a check', async () => {
    const database = await openStore(store)
    const { worker, notifier, seen } = await setUpWorker(database, [quickProvider('fal')])
    await worker.start()
    for (let count = 1; count <= 3; count += 1) {
      await acceptGeneration(database)
      notifier.notifyWork()
      await expect.poll(() => seen).toHaveLength(count)
    }
  })
})
