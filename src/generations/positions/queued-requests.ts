import { sql } from 'kysely'

import type { ClipKind } from '../../domain/clip-request.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { MemberQueue } from '../queue/fair-order.ts'
import type { RunningClip } from './slots.ts'
import { readCandidates } from '../queue/waiting-members.ts'

/** What the position of a queued request depends on. Of the request only its kind: parsing thousands would take seconds. */
export interface QueuedRequest {
  id: string
  guildId: string
  memberId: string
  candidates: readonly ProviderId[]
  clip: ClipKind
}

type Store = Pick<Database, 'statements' | 'setAside'>

/** The oldest requests of these members, at most so many of each. */
export async function readOldestOf(
  { statements, setAside }: Store,
  members: readonly { guildId: string; memberId: string }[],
  each: number,
): Promise<QueuedRequest[]> {
  if (members.length === 0) return []
  const wanted = sql.join(members.map(({ guildId, memberId }) => sql`(${guildId}, ${memberId})`))
  const isKept = setAside.ids.size > 0 ? sql`and g.id not in (${sql.join([...setAside.ids])})` : sql``
  // A cross join, because SQLite then begins with the members, and does not read the whole queue.
  const { rows } = await sql<Row>`
    with wanted (guild_id, member_id) as (values ${wanted}),
    ranked as (
      select g.id, row_number() over (partition by g.guild_id, g.member_id order by g.id) as place
      from wanted cross join generations g
      where g.state = 'queued' and g.guild_id = wanted.guild_id and g.member_id = wanted.member_id ${isKept}
    )
    select generations.id, guild_id, member_id, candidates, ${isLong} as is_long, ${hasFirst} as has_first, ${hasLast} as has_last
    from ranked join generations on generations.id = ranked.id
    where place <= ${each}
    order by generations.id`.execute(statements)
  return rows.map(toQueued)
}

export interface QueuedInTurn extends QueuedRequest {
  createdAt: number
  /** Queued requests of the same member that come before it. */
  earlier: number
}

/** A page of the queue by age, whatever the order in which it is served. */
export async function readQueuedAfter(
  { statements, setAside }: Store,
  after: Pick<QueuedInTurn, 'createdAt' | 'id'>,
  limit: number,
): Promise<QueuedInTurn[]> {
  const ids = [...setAside.ids]
  const rows = await statements
    .selectFrom('generations')
    .select(['id', 'guild_id', 'member_id', 'candidates', 'created_at'])
    .select([isLong.as('is_long'), hasFirst.as('has_first'), hasLast.as('has_last')])
    .select(earlierOf(ids).as('earlier'))
    .where('state', '=', sql.lit('queued'))
    .where(sql<boolean>`(created_at, id) > (${after.createdAt}, ${after.id})`)
    .$if(ids.length > 0, (query) => query.where('id', 'not in', ids))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...toQueued(row), createdAt: row.created_at, earlier: row.earlier }))
}

/** When the guild and the member of a request were last served, as in `MemberQueue`, and how many of the member's come before it. */
export type Turn = Pick<MemberQueue, 'guildServed' | 'memberServed'> & Pick<QueuedInTurn, 'earlier'>

/** Undefined if the request is not queued any more. */
export async function readTurn({ statements, setAside }: Store, generationId: string): Promise<Turn | undefined> {
  const row = await statements
    .selectFrom('generations')
    .leftJoin('queue_turns as guild_turn', (join) =>
      join.onRef('guild_turn.guild_id', '=', 'generations.guild_id').on('guild_turn.member_id', '=', ''),
    )
    .leftJoin('queue_turns as member_turn', (join) =>
      join.onRef('member_turn.guild_id', '=', 'generations.guild_id').onRef('member_turn.member_id', '=', 'generations.member_id'),
    )
    .select(['state', 'guild_turn.last_served as guild_served', 'member_turn.last_served as member_served'])
    .select(earlierOf([...setAside.ids]).as('earlier'))
    .where('id', '=', generationId)
    .executeTakeFirst()
  // The state is no condition: SQLite would search by it, and so read the whole queue.
  if (row?.state !== 'queued') return undefined
  return { guildServed: row.guild_served ?? 0, memberServed: row.member_served ?? 0, earlier: row.earlier }
}

/** How many requests of the same member are queued and come before this one, without those that are set aside. */
function earlierOf(setAside: readonly string[]) {
  const isKept = setAside.length > 0 ? sql`and other.id not in (${sql.join(setAside)})` : sql``
  return sql<number>`(select count(*) from generations as other where other.state = 'queued' and other.guild_id = generations.guild_id
    and other.member_id = generations.member_id and other.id < generations.id ${isKept})`
}

/** What counts as running at a provider, and for which guild. */
export async function readRunning(statements: Statements): Promise<(RunningClip & { guildId: string })[]> {
  const rows = await statements
    .selectFrom('generations')
    .select(['state', 'provider', 'guild_id', 'started_at'])
    .select([isLong.as('is_long'), hasFirst.as('has_first'), hasLast.as('has_last')])
    .where('state', 'in', ['submitting', 'rendering'])
    .execute()
  return rows.map((row) => ({ guildId: row.guild_id, provider: row.provider, clip: clipOf(row), startedAt: startedAt(row) }))
}

interface KindColumns {
  is_long: 0 | 1
  has_first: 0 | 1
  has_last: 0 | 1
}

interface Row extends KindColumns {
  id: string
  guild_id: string
  member_id: string
  candidates: string
}

/** Inside a JSON string every quote is escaped, so no prompt contains these texts. */
const has = (text: string) => sql<0 | 1>`case when request like ${sql.lit(`%${text}%`)} then 1 else 0 end`
const isLong = has('"durationSeconds":10')
const hasFirst = has('"firstFrame":{')
const hasLast = has('"lastFrame":{')

function toQueued(row: Row): QueuedRequest {
  const { id, guild_id: guildId, member_id: memberId } = row
  return { id, guildId, memberId, candidates: readCandidates(row.candidates), clip: clipOf(row) }
}

function clipOf(row: KindColumns): ClipKind {
  return {
    durationSeconds: row.is_long === 1 ? 10 : 5,
    ...(row.has_first === 1 && { firstFrame: true }),
    ...(row.has_last === 1 && { lastFrame: true }),
  }
}

/** One that failed over has the start of an earlier job until the next provider accepts it. */
function startedAt({ state, started_at: started }: { state: string; started_at: number | null }): number | undefined {
  return state === 'rendering' && started !== null ? started : undefined
}
