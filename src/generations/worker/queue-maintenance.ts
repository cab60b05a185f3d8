import type { EndReason } from '../../domain/generation-state.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import { exponential } from '../../lib/retry.ts'
import type { Generation } from '../model/generation.ts'
import { type QueuePosition, readQueuePositions } from '../queue/queue-positions.ts'
import type { RunContext } from '../run/context.ts'
import { endQueued } from '../run/settle.ts'
import { toGeneration, updateIf } from '../store/generations.ts'

type QueueMaintenanceContext = Pick<RunContext, 'database' | 'delivery' | 'clock' | 'log' | 'queueDeadlineMs'>

/**
 * The first card is edited at most this often (milliseconds), the second half as often, and so on: a queue of any length costs Discord only a few edits
 * a second, and the positions that matter most are the freshest.
 */
const editEveryMs = 3000
/** After a restart every card is due. */
const cardsPerRun = 25
const failedPerRun = 25
/** A live process that ended a generation posts the outcome within this time (milliseconds). */
const graceMs = 60_000
/** After that the card is no longer of interest. */
const postableForMs = 24 * 60 * 60_000
const postDelay = exponential(60_000, 30 * 60_000)
const postedPerRun = 10

/**
 * Everything about generations that no worker is running. `run` fails overdue requests, shows changed positions and posts unsent outcomes; it is called
 * after each claim, by one process.
 */
export function createQueueMaintenance(context: QueueMaintenanceContext): { run(): Promise<void> } {
  const { database, delivery, clock } = context
  const postUnsentOutcomes = createOutcomePoster(context)
  const shown = new Map<string, { ahead: number; at: number }>()

  function isDue({ id, ahead }: QueuePosition, now: number): boolean {
    const last = shown.get(id)
    return !last || (last.ahead !== ahead && now - last.at >= editEveryMs * (ahead + 1))
  }

  async function showPositions(): Promise<void> {
    const now = clock.now()
    const positions = await readQueuePositions(database.statements)
    const queued = new Set(positions.map(({ id }) => id))
    for (const id of shown.keys()) if (!queued.has(id)) shown.delete(id)
    const due = positions
      .filter((position) => isDue(position, now))
      .sort((left, right) => left.ahead - right.ahead)
      .slice(0, cardsPerRun)
    if (due.length === 0) return
    const aheadOf = new Map(due.map(({ id, ahead }) => [id, ahead]))
    const rows = await database.statements
      .selectFrom('generations')
      .selectAll()
      .where('id', 'in', [...aheadOf.keys()])
      .where('state', '=', 'queued')
      .execute()
    for (const row of rows) {
      const ahead = aheadOf.get(row.id) ?? 0
      shown.set(row.id, { ahead, at: now })
      delivery.show(toGeneration(row), { now, ahead })
    }
  }

  return {
    async run() {
      await failOverdue(context)
      await showPositions()
      await postUnsentOutcomes()
    },
  }
}

async function failOverdue(context: QueueMaintenanceContext): Promise<void> {
  const { database, clock, log, queueDeadlineMs } = context
  const overdue = await database.statements
    .selectFrom('generations')
    .select('id')
    .where('state', '=', 'queued')
    .where('created_at', '<', clock.now() - queueDeadlineMs)
    .orderBy('id')
    .limit(failedPerRun)
    .execute()
  for (const { id } of overdue) {
    const ended = await failQueued(id, 'queue-overdue', context)
    if (!ended) continue
    const fields = { generation: id, reference: ended.reference, provider: ended.provider }
    log.warn(fields, 'a request exceeded the queue deadline; nothing is charged')
  }
}

/** No provider was asked, so nothing is charged: the reservation is released and the card says why. Undefined if it has left the queue. */
async function failQueued(
  id: string,
  reason: EndReason,
  { database, delivery, clock }: Pick<RunContext, 'database' | 'delivery' | 'clock'>,
): Promise<Generation | undefined> {
  const now = clock.now()
  const failed = await endQueued(database, id, { state: 'failed', end_reason: reason, now })
  // Not awaited: a slow Discord must not delay claiming. The delivery retries until it is written.
  if (failed) void delivery.postOutcome(failed, { now })
  return failed
}

/**
 * Moves requests out of the queue of a provider that no worker serves any more (the operator removed its key): to the next provider that may make them;
 * without one they end with nothing charged. `served` are the providers of all live workers.
 */
export async function rerouteQueued(served: ReadonlySet<ProviderId>, context: RunContext): Promise<void> {
  const { database, log } = context
  const rows = await database.statements
    .selectFrom('generations')
    .selectAll()
    .where('state', '=', 'queued')
    .where('provider', 'not in', [...served])
    .execute()
  for (const { id, provider, candidates } of rows.map(toGeneration)) {
    const next = candidates.find((candidate) => served.has(candidate))
    if (next) {
      await updateIf(database.statements, { id, state: 'queued' }, { provider: next })
      log.info({ generation: id, from: provider, to: next }, 'rerouted a queued request: its provider has no key any more')
    } else {
      await failQueued(id, 'unavailable', context)
    }
  }
}

/** Posts, each less and less often, the outcomes without a clip that no card shows: their process died first, or Discord failed. */
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
      .where('ended_at', '>', now - postableForMs)
      .where('ended_at', '<', Math.max(ownSince, now - graceMs))
      .orderBy('ended_at')
      .execute()
    const unsent = new Set(rows.map(({ id }) => id))
    for (const id of tried.keys()) if (!unsent.has(id)) tried.delete(id)
    for (const row of rows.filter(({ id }) => (tried.get(id)?.nextAt ?? 0) <= now).slice(0, postedPerRun)) {
      const attempts = (tried.get(row.id)?.attempts ?? 0) + 1
      tried.set(row.id, { attempts, nextAt: now + postDelay(attempts) })
      log.info({ generation: row.id, reference: row.reference, attempts }, 'posting an outcome that no card shows yet')
      void delivery.postOutcome(toGeneration(row), { now })
    }
  }
}
