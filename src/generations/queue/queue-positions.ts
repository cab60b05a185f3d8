import { sql } from 'kysely'

import type { ClipKind } from '../../domain/clip-request.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { createFairOrder } from './fair-order.ts'
import { longestPauseMs } from './provider-pauses.ts'
import { createSlots, type SlotsOptions } from './slots.ts'
import { memberKey, readCandidates, readTurns } from './waiting.ts'

export interface QueuePosition {
  id: string
  /** Requests that come before this one in the fair order. */
  ahead: number
  /** When its clip is expected (milliseconds since the epoch); undefined where the slots of its providers are not known here. */
  readyAt: number | undefined
}

/**
 * All positions, in the fair order: exact unless requests are added or end in between, or wait for a provider that is busy. What is set aside is not
 * counted, because it is not served.
 */
export async function readQueuePositions(
  { statements, setAside }: Pick<Database, 'statements' | 'setAside'>,
  options: Omit<SlotsOptions, 'openAt'>,
): Promise<QueuePosition[]> {
  const { queued, running = [] } = await readOpen(statements, setAside.ids)
  if (!queued) return []
  const turnOf = await readTurns(statements)
  const members = Map.groupBy(queued, memberKey)
  const queues = [...members.values()].flatMap((requests) => {
    const [oldest] = requests
    if (!oldest) return []
    return { guildId: oldest.guild_id, memberId: oldest.member_id, ...turnOf(oldest), requests: requests.values(), queued: requests.length }
  })
  const perGuild = Map.groupBy(running, (row) => row.guild_id)
  const order = createFairOrder(queues, { running: new Map([...perGuild].map(([guild, { length }]) => [guild, length])), lastTurn: 0 })
  const slots = createSlots(
    running.map((row) => ({ provider: row.provider, clip: clipOf(row), startedAt: startedAt(row) })),
    { ...options, openAt: await readOpenings(statements, options.now) },
  )
  const candidatesIn = createReader()
  const positions: QueuePosition[] = []
  for (let next = order.next(); next; next = order.next()) {
    const { value: request } = next.requests.next()
    if (request) {
      const readyAt = slots.take(candidatesIn(request.candidates), clipOf(request))
      positions.push({ id: request.id, ahead: positions.length, readyAt })
    }
    order.serve(next)
  }
  return positions
}

/** What is queued and what runs, the oldest first. Of the requests only what their run time depends on: parsing thousands would take seconds. */
async function readOpen(statements: Statements, setAside: ReadonlySet<string>) {
  const rows = await statements
    .selectFrom('generations')
    .select(['id', 'state', 'provider', 'candidates', 'guild_id', 'member_id', 'started_at'])
    .select([
      has('"durationSeconds":10').as('is_long'),
      has('"firstFrame":{').as('has_first_frame'),
      has('"lastFrame":{').as('has_last_frame'),
    ])
    .where('state', 'in', ['queued', 'submitting', 'rendering'])
    .orderBy('id')
    .execute()
  const counted = rows.filter(({ id }) => !setAside.has(id))
  return Object.groupBy(counted, ({ state }) => (state === 'queued' ? 'queued' : 'running'))
}

/** Inside a JSON string every quote is escaped, so no prompt contains these texts. */
const has = (text: string) => sql<0 | 1>`case when request like ${`%${text}%`} then 1 else 0 end`

function clipOf(row: { is_long: 0 | 1; has_first_frame: 0 | 1; has_last_frame: 0 | 1 }): ClipKind {
  return {
    durationSeconds: row.is_long === 1 ? 10 : 5,
    ...(row.has_first_frame === 1 && { firstFrame: true }),
    ...(row.has_last_frame === 1 && { lastFrame: true }),
  }
}

/** One that failed over has the start of an earlier job until the next provider accepts it. */
function startedAt({ state, started_at: started }: { state: string; started_at: number | null }): number | undefined {
  return state === 'rendering' && started !== null ? started : undefined
}

/** Many rows have the same candidates. */
function createReader(): (stored: string) => readonly ProviderId[] {
  const known = new Map<string, readonly ProviderId[]>()
  return (stored) => {
    const candidates = known.get(stored) ?? readCandidates(stored)
    known.set(stored, candidates)
    return candidates
  }
}

/** When each provider that is paused opens again. */
async function readOpenings(statements: Statements, now: number): Promise<ReadonlyMap<ProviderId, number>> {
  const rows = await statements.selectFrom('provider_state').select(['provider', 'closed_until']).where('closed_until', '>', now).execute()
  return new Map(rows.map((row) => [row.provider, Math.min(row.closed_until, now + longestPauseMs)]))
}
