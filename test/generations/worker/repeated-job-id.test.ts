import { describe, expect, it } from 'vitest'

import type { Provider } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from './worker-stage.ts'

const job = { id: 'the-same-job' }

async function outcomesOf({ statements }: Database): Promise<string[]> {
  const generations = await statements.selectFrom('generations').select(['id', 'state']).orderBy('id').execute()
  const ledger = await statements.selectFrom('ledger').select(['generation_id', 'kind']).orderBy('sequence').execute()
  return generations.map(({ id, state }) => {
    const kinds = ledger.filter((row) => row.generation_id === id).map(({ kind }) => kind)
    return [state, ...kinds].join(' ')
  })
}

async function setUp(database: Database, change: Partial<Provider>) {
  await acceptGeneration(database)
  await acceptGeneration(database)
  const fal = quickProvider('fal', change)
  return { fal, ...(await setUpWorker(database, [fal])) }
}

const oneHeld = ['done reserve capture', 'held reserve hold']

describe.each(stores)('a job id that a provider gives twice, on $name', (store) => {
  it('is one job: the second request is held for the operator, and charged once', async () => {
    const database = await openStore(store)
    let creates = 0
    const start = () => {
      creates += 1
      return Promise.resolve(job)
    }
    const { worker, notifier } = await setUp(database, { start })
    await worker.start()
    await expect.poll(() => outcomesOf(database).then((outcomes) => outcomes.sort())).toEqual(oneHeld)

    // A webhook that names the job once more is no news.
    const { statements } = database
    const held = await statements.selectFrom('attempts').select('id').where('state', '=', 'unknown').executeTakeFirstOrThrow()
    const event = { attempt_id: held.id, delivery_id: 'one', operation: JSON.stringify(job), received_at: Date.now() + 3_600_000 }
    await statements.insertInto('webhook_events').values(event).execute()
    notifier.notifyWork()
    await expect.poll(() => statements.selectFrom('webhook_events').select('delivery_id').execute()).toEqual([])
    expect((await outcomesOf(database)).sort()).toEqual(oneHeld)
    expect(creates).toBe(2)
  })

  it('holds the request whose lost job is found under the id of another', async () => {
    const database = await openStore(store)
    const lost = await acceptGeneration(database)
    const { statements } = database
    const sent = { generation_id: lost.id, take: 1, provider: 'fal', webhook_token: 'a', created_at: 1, sent_at: 2 } as const
    await statements
      .insertInto('attempts')
      .values({ id: '01', state: 'sent', ...sent })
      .execute()
    await statements.updateTable('generations').set({ state: 'submitting', owner: 'dead' }).where('id', '=', lost.id).execute()
    const other = { ...sent, generation_id: (await acceptGeneration(database)).id, webhook_token: 'b' }
    await statements
      .insertInto('attempts')
      .values({ id: '02', state: 'completed', operation: JSON.stringify(job), operation_id: job.id, ...other })
      .execute()
    await statements.updateTable('generations').set({ state: 'done' }).where('id', '=', other.generation_id).execute()
    const { worker, seen } = await setUpWorker(database, [quickProvider('fal', { recover: () => Promise.resolve(job) })])
    await worker.start()
    await expect.poll(() => seen).toEqual(['held: submission_unknown'])
  })
})
