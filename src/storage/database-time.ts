import type { Clock } from '../lib/clock.ts'
import type { Database } from './database.ts'

/** The time by which rates are kept, in milliseconds since the epoch: the database's where processes share it, because their clocks may differ. */
export async function sharedNow({ sharedUrl, statements, now }: Database, clock: Clock): Promise<number> {
  if (sharedUrl === undefined) return clock.now()
  const { moment } = await statements.selectNoFrom(now.as('moment')).executeTakeFirstOrThrow()
  return moment
}
