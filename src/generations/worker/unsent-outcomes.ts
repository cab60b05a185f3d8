import { exponential } from '../../lib/retry.ts'
import type { RunContext } from '../run/context.ts'
import { toGeneration } from '../store/rows.ts'

/** A live process that ended a generation posts the outcome within this time (milliseconds). */
const graceMs = 60_000
/** After that the card is no longer of interest. */
const postableForMs = 24 * 60 * 60_000
const delay = exponential(60_000, 30 * 60_000)
const postedPerCheck = 10

/** Outcomes without a clip that no card shows: their process died first, or Discord failed. */
export interface UnsentOutcomes {
  /** Posts those that are due, each less and less often. Does not wait for Discord. */
  post(): Promise<void>
}

export function createUnsentOutcomes({
  database,
  delivery,
  clock,
  log,
}: Pick<RunContext, 'database' | 'delivery' | 'clock' | 'log'>): UnsentOutcomes {
  /** In memory only: after a restart each is tried at once. */
  const tried = new Map<string, { attempts: number; nextAt: number }>()
  // On a store of our own, what ended before this process has nobody else to post it.
  const ownSince = database.sharedUrl === undefined ? clock.now() : 0

  return {
    async post() {
      const now = clock.now()
      const rows = await database.statements
        .selectFrom('generations')
        .selectAll()
        .where('state', 'in', ['failed', 'cancelled', 'held'])
        .where('notified_at', 'is', null)
        .where('ended_at', '>', now - postableForMs)
        .where('ended_at', '<', Math.max(ownSince, now - graceMs))
        .orderBy('ended_at')
        .execute()
      const unsent = new Set(rows.map(({ id }) => id))
      for (const id of tried.keys()) if (!unsent.has(id)) tried.delete(id)
      for (const row of rows.filter(({ id }) => (tried.get(id)?.nextAt ?? 0) <= now).slice(0, postedPerCheck)) {
        const attempts = (tried.get(row.id)?.attempts ?? 0) + 1
        tried.set(row.id, { attempts, nextAt: now + delay(attempts) })
        log.info({ generation: row.id, reference: row.reference, attempts }, 'posting an outcome that no card shows yet')
        void delivery.postOutcome(toGeneration(row), { now })
      }
    },
  }
}
