import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { RunContext } from '../run/context.ts'
import { toGeneration } from '../store/rows.ts'
import { endQueued } from '../run/settle.ts'
import { createUntold } from './unsent-outcomes.ts'

export type QueueMaintenanceContext = Pick<RunContext, 'database' | 'delivery' | 'clock' | 'log' | 'queueDeadlineMs'>

/** The cards that no story is at work on: requests in the queue, where each stands and how long it may wait; and ends that were never told. */
export interface Line {
  /** Gives up what waited too long, puts changed places on the cards, and tells what was not told. Called after each claim, by one process. */
  look(): Promise<void>
}

/**
 * The card of the next request is edited at most this often (milliseconds), the one behind it half as often, and so on: however long the
 * line is, its cards together cost Discord a few edits a second, and where a place is worth most it is freshest.
 */
const paceMs = 3000
/** After a restart every card is new to us; they are gone through in portions. */
const cardsPerLook = 25
const givenUpPerLook = 25

export function createQueueMaintenance(context: QueueMaintenanceContext): Line {
  const { database, delivery, clock } = context
  const untold = createUntold(context)
  const shown = new Map<string, { ahead: number; at: number }>()

  function isDue({ id, ahead }: Place, now: number): boolean {
    const known = shown.get(id)
    return !known || (known.ahead !== ahead && now - known.at >= paceMs * (ahead + 1))
  }

  async function showPlaces(): Promise<void> {
    const now = clock.now()
    const places = await readQueuePositions(database.statements)
    const waiting = new Set(places.map(({ id }) => id))
    for (const id of shown.keys()) if (!waiting.has(id)) shown.delete(id)
    const due = places
      .filter((place) => isDue(place, now))
      .sort((left, right) => left.ahead - right.ahead)
      .slice(0, cardsPerLook)
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
    async look() {
      await giveUpOverdue(context)
      await showPlaces()
      await untold.look()
    },
  }
}

export interface Place {
  id: string
  /** Requests that the same provider will be asked for before this one. */
  ahead: number
}

/** Where every queued request stands at its provider (or at this one), in the order in which the claim would serve them if nothing else came or ended. One query. */
export async function readQueuePositions(statements: Statements, provider?: ProviderId): Promise<Place[]> {
  const rows = await statements
    .selectFrom('generations')
    .leftJoin('queue_turns as guild_line', (join) =>
      join
        .onRef('guild_line.provider', '=', 'generations.provider')
        .onRef('guild_line.guild_id', '=', 'generations.guild_id')
        .on('guild_line.member_id', '=', ''),
    )
    .leftJoin('queue_turns as member_line', (join) =>
      join
        .onRef('member_line.provider', '=', 'generations.provider')
        .onRef('member_line.guild_id', '=', 'generations.guild_id')
        .onRef('member_line.member_id', '=', 'generations.member_id'),
    )
    .select(['generations.id', 'generations.state', 'generations.provider', 'generations.guild_id', 'generations.member_id'])
    .select(['guild_line.last_served as guild_served', 'member_line.last_served as member_served'])
    .where('generations.state', 'in', ['queued', 'submitting', 'rendering'])
    .$if(provider !== undefined, (query) => query.where('generations.provider', '=', provider ?? null))
    .orderBy('generations.id')
    .execute()
  const providers = Map.groupBy(rows, ({ provider }) => provider)
  return [...providers.values()].flatMap((atProvider) => {
    const running = new Map<string, number>()
    for (const { state, guild_id: guildId } of atProvider) if (state !== 'queued') running.set(guildId, (running.get(guildId) ?? 0) + 1)
    const waiting = atProvider.filter(({ state }) => state === 'queued')
    const order = servingOrder(
      waiting.map((row) => ({
        id: row.id,
        guildId: row.guild_id,
        memberId: row.member_id,
        guildServed: row.guild_served ?? 0,
        memberServed: row.member_served ?? 0,
      })),
      running,
    )
    return order.map((id, ahead) => ({ id, ahead }))
  })
}

interface Waiting {
  id: string
  guildId: string
  memberId: string
  /** When the guild, and the member in it, were last served, in turns of the provider; 0 for never. */
  guildServed: number
  memberServed: number
}

/**
 * The ids in the order of their turn: the guild with the fewest running, then the one longest unserved; inside it the member longest
 * unserved, and of theirs the oldest. The same rule as the claim's, which acts on one turn at a time. `waiting` has the oldest first.
 */
export function servingOrder(waiting: readonly Waiting[], running: ReadonlyMap<string, number>): string[] {
  const lines = [...Map.groupBy(waiting, ({ guildId, memberId }) => `${guildId}/${memberId}`).values()].flatMap((queue) =>
    queue[0] ? [{ ...queue[0], ids: queue.map(({ id }) => id) }] : [],
  )
  const runningNow = new Map(running)
  const rank = (line: Waiting) => [runningNow.get(line.guildId) ?? 0, line.guildServed, line.memberServed] as const
  let turn = Math.max(0, ...lines.flatMap(({ guildServed, memberServed }) => [guildServed, memberServed]))
  const order: string[] = []
  while (order.length < waiting.length) {
    const line = lines.filter(({ ids }) => ids.length > 0).reduce((first, other) => (isBefore(rank(other), rank(first)) ? other : first))
    order.push(...line.ids.splice(0, 1))
    turn += 1
    runningNow.set(line.guildId, (runningNow.get(line.guildId) ?? 0) + 1)
    for (const other of lines) if (other.guildId === line.guildId) other.guildServed = turn
    line.memberServed = turn
  }
  return order
}

function isBefore(left: readonly number[], right: readonly number[]): boolean {
  const index = left.findIndex((value, place) => value !== right[place])
  return index >= 0 && (left[index] ?? 0) < (right[index] ?? 0)
}

/** Nothing was asked of a provider, so nothing can be due: what was set aside is free again, and the card says why. */
async function giveUpOverdue({ database, delivery, clock, log, queueDeadlineMs }: QueueMaintenanceContext): Promise<void> {
  const now = clock.now()
  for (const id of await listOverdue(database, now - queueDeadlineMs)) {
    const ended = await endQueued(database, id, { state: 'failed', reason: 'queue-overdue', now })
    if (!ended) continue
    log.warn(
      { generation: id, reference: ended.reference, provider: ended.provider },
      'a request waited too long in the queue and was refunded',
    )
    // Not waited for: claiming must not stand still while Discord is slow. The delivery keeps it until it is written.
    void delivery.postOutcome(ended, { now })
  }
}

async function listOverdue({ statements }: Database, askedBefore: number): Promise<string[]> {
  const rows = await statements
    .selectFrom('generations')
    .select('id')
    .where('state', '=', 'queued')
    .where('created_at', '<', askedBefore)
    .orderBy('id')
    .limit(givenUpPerLook)
    .execute()
  return rows.map(({ id }) => id)
}
