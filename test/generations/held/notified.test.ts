import { describe, expect, it } from 'vitest'

import type { Generation } from '../../../src/generations/model/generation.ts'
import { createNotifications } from '../../../src/generations/store/notifications.ts'
import { createClock } from '../../../src/lib/clock.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider, setUpWorker } from '../worker/worker-stage.ts'

/** A held request of which a process began to notify the requester. The provider has its job. */
async function holdOne(database: Database, decision?: 'free'): Promise<void> {
  const { statements } = database
  const { id } = await acceptGeneration(database)
  const attempt = { id: '01', generation_id: id, take: 1, provider: 'fal', webhook_token: 'a', created_at: 1, sent_at: 2 } as const
  const operation = { operation: JSON.stringify({ id: 'job' }), operation_id: 'job' }
  await statements
    .insertInto('attempts')
    .values({ ...attempt, ...operation, state: 'accepted' })
    .execute()
  const held = { state: 'held', end_reason: 'submission_unknown', ended_at: Date.now(), held_decision: decision ?? null } as const
  await statements
    .updateTable('generations')
    .set({ ...held, notifying_until: Date.now() + 3_600_000 })
    .execute()
}

/** What the worker notifies the requester of, and whether it takes that for a repetition. */
async function notifiedBy(database: Database): Promise<[string, boolean][]> {
  const sent: [string, boolean][] = []
  const { notifyOnce } = createNotifications(database, createClock())
  const notify = (generation: Generation) =>
    notifyOnce(generation, ({ mayHaveArrived }) => Promise.resolve(void sent.push([generation.state, mayHaveArrived])))
  const { worker } = await setUpWorker(database, [quickProvider('fal')], {
    post: (generation) => notify(generation).then(() => ({ channelId: '1', messageId: '2' })),
    postOutcome: (generation) => notify(generation).then(() => undefined),
  })
  await worker.start()
  await expect.poll(() => sent.length).toBeGreaterThan(0)
  return sent
}

describe.each(stores)('a held request whose notification was begun, on $name', (store) => {
  it('that resumes: the notification of its clip waits for no other, and is no repetition', async () => {
    const database = await openStore(store)
    await holdOne(database)
    expect(await notifiedBy(database)).toEqual([['delivering', false]])
  })

  it('that the operator settles: the notification of that waits for no other, and is no repetition', async () => {
    const database = await openStore(store)
    await holdOne(database, 'free')
    expect(await notifiedBy(database)).toEqual([['failed', false]])
  })
})
