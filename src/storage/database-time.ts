import type { Clock } from '../lib/clock.ts'
import type { Database } from './database.ts'

/** The moment by which rates are kept, milliseconds since the epoch: where processes share a store it is the store's, so that their own clocks may differ. */
export async function sharedNow({ sharedUrl, statements, now }: Database, clock: Clock): Promise<number> {
  if (sharedUrl === undefined) return clock.now()
  const { moment } = await statements.selectNoFrom(now.as('moment')).executeTakeFirstOrThrow()
  return moment
}
