import { type QueuePosition, readQueuePositions } from '../queue/queue-positions.ts'
import type { RunContext } from '../run/context.ts'
import { endQueued } from '../run/settle.ts'
import { toGeneration } from '../store/rows.ts'
import { createUnsentOutcomes } from './unsent-outcomes.ts'

export type QueueMaintenanceContext = Pick<RunContext, 'database' | 'delivery' | 'clock' | 'log' | 'queueDeadlineMs'>

/** Everything about generations that no worker is running: their queue positions and deadlines, and outcomes that were not posted. */
export interface QueueMaintenance {
  /** Fails overdue requests, shows changed positions and posts unsent outcomes. Called after each claim, by one process. */
  run(): Promise<void>
}

/**
 * The first card is edited at most this often (milliseconds), the second half as often, and so on: a queue of any length costs Discord only a few edits
 * a second, and the positions that matter most are the freshest.
 */
const editEveryMs = 3000
/** After a restart every card is due. */
const cardsPerRun = 25
const failedPerRun = 25

export function createQueueMaintenance(context: QueueMaintenanceContext): QueueMaintenance {
  const { database, delivery, clock } = context
  const unsentOutcomes = createUnsentOutcomes(context)
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
      await unsentOutcomes.post()
    },
  }
}

/** No provider was asked, so nothing is charged: the reservation is released and the card says why. */
async function failOverdue({ database, delivery, clock, log, queueDeadlineMs }: QueueMaintenanceContext): Promise<void> {
  const now = clock.now()
  const overdue = await database.statements
    .selectFrom('generations')
    .select('id')
    .where('state', '=', 'queued')
    .where('created_at', '<', now - queueDeadlineMs)
    .orderBy('id')
    .limit(failedPerRun)
    .execute()
  for (const { id } of overdue) {
    const ended = await endQueued(database, id, { state: 'failed', reason: 'queue-overdue', now })
    if (!ended) continue
    log.warn(
      { generation: id, reference: ended.reference, provider: ended.provider },
      'a request exceeded the queue deadline; nothing is charged',
    )
    // Not awaited: a slow Discord must not delay claiming. The delivery retries until it is written.
    void delivery.postOutcome(ended, { now })
  }
}
