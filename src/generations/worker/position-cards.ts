import { wholeMinutes } from '../../lib/clock.ts'
import { tryToRead } from '../../storage/unreadable-rows.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'
import { type QueuePosition, type QueuePositions, readQueuePositions } from '../positions/queue-positions.ts'
import { readQueuedAfter } from '../positions/queued-requests.ts'
import type { RunContext } from '../run/context.ts'
import { toGeneration } from '../store/generations.ts'

export interface PositionCardsContext extends Pick<RunContext, 'database' | 'delivery' | 'estimates' | 'clock'> {
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
/** From so many queued and running clips on, positions are read no more often than the first card may be edited. */
const manyClips = 500
/** Behind the front of the queue, so many requests are looked at by one run; the next one continues there. */
const requestsPerRun = 100

const start = { createdAt: -1, id: '' }

/** Shows changed positions on the cards of queued requests: those of the front at each run, the others a few at a time. */
export function createPositionCards(context: PositionCardsContext): () => Promise<void> {
  const { database, delivery, clock } = context
  /** What the cards show. `round` is the last pass through the queue that met the request. */
  const shown = new Map<string, { ahead: number; minutes: number | undefined; at: number; round: number }>()
  let lastRead = { at: 0, counted: 0 }
  let round = 0
  let passed: { createdAt: number; id: string } = start

  function isDue({ id, ahead, readyAt }: QueuePosition, now: number): boolean {
    const last = shown.get(id)
    if (!last) return true
    last.round = round
    const isChanged = last.ahead !== ahead || last.minutes !== minutesUntil(readyAt, now)
    return isChanged && now - last.at >= editEveryMs * (ahead + 1)
  }

  /** Continues the pass through the queue, and begins the next one where the queue ends. */
  async function findDueBehindFront(positions: QueuePositions, now: number, limit: number): Promise<QueuePosition[]> {
    const requests = await readQueuedAfter(database, passed, requestsPerRun)
    const due: QueuePosition[] = []
    for (const request of requests) {
      if (due.length === limit) return due
      passed = request
      const position = positions.positionOf(request, request.earlier)
      if (position && position.ahead >= positions.front.length && isDue(position, now)) due.push(position)
    }
    if (requests.length < requestsPerRun) {
      passed = start
      for (const [id, last] of shown) if (last.round < round) shown.delete(id)
      round += 1
    }
    return due
  }

  async function show(due: readonly QueuePosition[], now: number): Promise<void> {
    const ids = due.map(({ id }) => id)
    const found = await database.statements.selectFrom('generations').selectAll().where('id', 'in', ids).execute()
    const rows = new Map(found.map((row) => [row.id, row]))
    for (const { id, ahead, readyAt } of due) {
      const row = rows.get(id)
      // The state is no condition above: SQLite would search by it, and so read the whole queue.
      if (row?.state !== 'queued') continue
      const generation = tryToRead(() => toGeneration(row), id, database.setAside)
      shown.set(id, { ahead, minutes: minutesUntil(readyAt, now), at: now, round })
      if (generation) delivery.show(generation, { now, ahead, expectedEndAt: readyAt })
    }
  }

  return async () => {
    const now = clock.now()
    if (lastRead.counted >= manyClips && now - lastRead.at < editEveryMs) return
    const positions = await readQueuePositions(database, { ...context, now })
    lastRead = { at: now, counted: positions.counted }
    const due = positions.front.filter((position) => isDue(position, now)).slice(0, cardsPerRun)
    if (due.length < cardsPerRun) due.push(...(await findDueBehindFront(positions, now, cardsPerRun - due.length)))
    if (due.length > 0) await show(due, now)
  }
}

/** As exact as the card is. */
function minutesUntil(readyAt: number | undefined, now: number): number | undefined {
  return readyAt === undefined ? undefined : wholeMinutes(readyAt - now)
}
