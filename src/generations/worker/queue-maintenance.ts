import { sql } from 'kysely'

import { exponential } from '../../lib/retry.ts'
import { tryToRead } from '../../storage/unreadable-rows.ts'
import type { RunContext } from '../run/context.ts'
import { toGeneration } from '../store/generations.ts'
import { failOverdue, failUnservable } from './fail-queued.ts'
import { createPositionCards, type PositionCardsContext } from './position-cards.ts'
import type { ProviderKeys } from './provider-keys.ts'

export type QueueMaintenanceContext = PositionCardsContext & Pick<RunContext, 'log' | 'queueDeadlineMs'>

/** A live process that ended a generation posts the outcome within this time (milliseconds). */
const graceMs = 60_000
/** The states of outcomes that a card shows without a clip. */
const withoutClip = ['failed', 'cancelled', 'held'] as const
const postDelay = exponential(60_000, 30 * 60_000)
const postedPerRun = 10

/**
 * Everything about generations that no worker is running. `run` fails requests that are overdue or that no provider can take, shows changed positions
 * and posts unsent outcomes; it is called after each claim, by one process.
 */
export function createQueueMaintenance(context: QueueMaintenanceContext): { run(keys: ProviderKeys): Promise<void> } {
  const showPositions = createPositionCards(context)
  const postUnsentOutcomes = createOutcomePoster(context)
  return {
    async run(keys) {
      await failOverdue(context)
      await failUnservable(keys, context)
      await showPositions()
      await postUnsentOutcomes()
    },
  }
}

/**
 * Posts, each less and less often, the outcomes without a clip that no card shows: their process died first, or Discord failed. However old they are: the
 * requester was promised one.
 */
function createOutcomePoster({ database, delivery, clock, log }: QueueMaintenanceContext): () => Promise<void> {
  /** In memory only: after a restart each is tried at once. */
  const tried = new Map<string, { attempts: number; nextAt: number }>()
  // On a store of our own, no other process posts what ended before this one started.
  const ownSince = database.sharedUrl === undefined ? clock.now() : 0
  return async () => {
    const now = clock.now()
    const rows = await database.statements
      .selectFrom('generations')
      .selectAll()
      // Literals, as the index has them: SQLite prepares the statement before it knows its values.
      .where(
        'state',
        'in',
        withoutClip.map((state) => sql.lit(state)),
      )
      .where('notified_at', 'is', null)
      // Without the words there is no card to show.
      .where('erased_at', 'is', null)
      .where('ended_at', '<', Math.max(ownSince, now - graceMs))
      .orderBy('ended_at')
      .execute()
    const unsent = new Set(rows.map(({ id }) => id))
    for (const id of tried.keys()) if (!unsent.has(id)) tried.delete(id)
    for (const row of rows.filter(({ id }) => (tried.get(id)?.nextAt ?? 0) <= now).slice(0, postedPerRun)) {
      const attempts = (tried.get(row.id)?.attempts ?? 0) + 1
      tried.set(row.id, { attempts, nextAt: now + postDelay(attempts) })
      log.info({ generation: row.id, reference: row.reference, attempts }, 'posting an outcome that no card shows yet')
      const generation = tryToRead(() => toGeneration(row), row.id, database.setAside)
      if (generation) void delivery.postOutcome(generation, { now })
    }
  }
}
