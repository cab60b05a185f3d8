import { PgBoss } from 'pg-boss'

export const queue = 'clips'

/** Creates pg-boss's tables and its queue. */
export async function preparePgBoss(url: string): Promise<void> {
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue(queue)
  await boss.stop()
}
