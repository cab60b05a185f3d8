import { wholeMinutes } from '../../lib/clock.ts'
import { exponential } from '../../lib/retry.ts'
import { tryToRead } from '../../storage/unreadable-rows.ts'
import { type QueuePosition, readQueuePositions } from '../queue/queue-positions.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'
import type { RunContext } from '../run/context.ts'
import { toGeneration } from '../store/generations.ts'
import { failOverdue, failUnservable } from './fail-queued.ts'
import type { ProviderKeys } from './provider-keys.ts'

export interface QueueMaintenanceContext extends Pick<
  RunContext,
  'database' | 'delivery' | 'estimates' | 'clock' | 'log' | 'queueDeadlineMs'
> {
  /** Those whose slots this process knows. */
  providers: readonly ProviderCapacity[]
}

/**
 * The first card is edited at most this often (milliseconds), the second half as often, and so on: a queue of any length costs Discord only a few edits
 * a second, and the positions that matter most are the freshest.
 */
const editEveryMs = 3000
/** After a restart every card is due. */
const cardsPerRun = 25
/** From this length on, positions are read no more often than the first card may be edited. */
const longQueue = 500
/** A live process that ended a generation posts the outcome within this time (milliseconds). */
const graceMs = 60_000
const postDelay = exponential(60_000, 30 * 60_000)
const postedPerRun = 10

/**
 * Everything about generations that no worker is running. `run` fails requests that are overdue or that no provider can take, shows changed positions
 * and posts unsent outcomes; it is called after each claim, by one process.
 */
export function createQueueMaintenance(context: QueueMaintenanceContext): { run(keys: ProviderKeys): Promise<void> } {
  const { database, delivery, clock } = context
  const postUnsentOutcomes = createOutcomePoster(context)
  const shown = new Map<string, { ahead: number; minutes: number | undefined; at: number }>()
  let lastRead = { at: 0, length: 0 }

  function isDue({ id, ahead, readyAt }: QueuePosition, now: number): boolean {
    const last = shown.get(id)
    if (!last) return true
    const isChanged = last.ahead !== ahead || last.minutes !== minutesUntil(readyAt, now)
    return isChanged && now - last.at >= editEveryMs * (ahead + 1)
  }

  async function showPositions(): Promise<void> {
    const now = clock.now()
    if (lastRead.length >= longQueue && now - lastRead.at < editEveryMs) return
    const positions = await readQueuePositions(database, { ...context, now })
    lastRead = { at: now, length: positions.length }
    const queued = new Set(positions.map(({ id }) => id))
    for (const id of shown.keys()) if (!queued.has(id)) shown.delete(id)
    const due = new Map(
      positions
        .filter((position) => isDue(position, now))
        .slice(0, cardsPerRun)
        .map((position) => [position.id, position]),
    )
    if (due.size === 0) return
    const rows = await database.statements
      .selectFrom('generations')
      .selectAll()
      .where('id', 'in', [...due.keys()])
      .where('state', '=', 'queued')
      .execute()
    for (const row of rows) {
      const generation = tryToRead(() => toGeneration(row), row.id, database.setAside)
      const { ahead = 0, readyAt } = due.get(row.id) ?? {}
      shown.set(row.id, { ahead, minutes: minutesUntil(readyAt, now), at: now })
      if (generation) delivery.show(generation, { now, ahead, expectedEndAt: readyAt })
    }
  }

  return {
    async run(keys) {
      await failOverdue(context)
      await failUnservable(keys, context)
      await showPositions()
      await postUnsentOutcomes()
    },
  }
}

/** As exact as the card is. */
function minutesUntil(readyAt: number | undefined, now: number): number | undefined {
  return readyAt === undefined ? undefined : wholeMinutes(readyAt - now)
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
      .where('state', 'in', ['failed', 'cancelled', 'held'])
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
