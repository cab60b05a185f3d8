import { PgBoss } from 'pg-boss'

import { answerLoadRun } from './load-process.ts'
import { queue } from './pg-boss-queue.ts'

/** One process that sends jobs, fetches them one by one and completes them. */
answerLoadRun(async ({ store }, onDone) => {
  if (!('url' in store)) throw new Error('pg-boss needs PostgreSQL')
  // Without its own maintenance, which has nothing to do in these seconds.
  const boss = new PgBoss({ connectionString: store.url, supervise: false, schedule: false })
  await boss.start()
  return {
    begin: async (number) => {
      await boss.send(queue, { number })
      // Not always the one that was just sent, but always one. None is found while others lock those that are left.
      let [job] = await boss.fetch(queue)
      while (!job) [job] = await boss.fetch(queue)
      await boss.complete(queue, job.id)
      onDone()
    },
    close: () => boss.stop(),
  }
})
