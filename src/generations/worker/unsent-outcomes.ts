import type { RunContext } from '../run/context.ts'
import { toGeneration } from '../store/rows.ts'

/** Another process that settled an end tells it within this time (milliseconds), if it lives. */
const graceMs = 60_000
/** Past that nobody looks at the card any more. */
const tellableForMs = 24 * 60 * 60_000
const [firstPauseMs, longestPauseMs] = [60_000, 30 * 60_000]
const toldPerLook = 10

/** The ends without a clip that no card shows: their process died before it could say so, or Discord was at fault. */
export interface Untold {
  /** Tells those whose turn it is again, ever more rarely. Does not wait for Discord. */
  look(): Promise<void>
}

export function createUntold({ database, delivery, clock, log }: Pick<RunContext, 'database' | 'delivery' | 'clock' | 'log'>): Untold {
  /** Here alone: after a restart each is simply tried at once. */
  const tried = new Map<string, { times: number; nextAt: number }>()
  // What ended before this process, in a store of its own, is nobody else's to tell.
  const ownSince = database.sharedUrl === undefined ? clock.now() : 0

  return {
    async look() {
      const now = clock.now()
      const rows = await database.statements
        .selectFrom('generations')
        .selectAll()
        .where('state', 'in', ['failed', 'cancelled', 'held'])
        .where('notified_at', 'is', null)
        .where('ended_at', '>', now - tellableForMs)
        .where('ended_at', '<', Math.max(ownSince, now - graceMs))
        .orderBy('ended_at')
        .execute()
      const untold = new Set(rows.map(({ id }) => id))
      for (const id of tried.keys()) if (!untold.has(id)) tried.delete(id)
      for (const row of rows.filter(({ id }) => (tried.get(id)?.nextAt ?? 0) <= now).slice(0, toldPerLook)) {
        const times = (tried.get(row.id)?.times ?? 0) + 1
        tried.set(row.id, { times, nextAt: now + Math.min(longestPauseMs, firstPauseMs * 2 ** (times - 1)) })
        log.info({ generation: row.id, reference: row.reference, times }, 'telling the end of a generation that no card shows yet')
        void delivery.postOutcome(toGeneration(row), { now })
      }
    },
  }
}
