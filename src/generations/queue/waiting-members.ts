import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { candidatesColumn, StoredRowError } from '../../storage/json-columns.ts'
import { tryToRead } from '../../storage/unreadable-rows.ts'
import type { MemberQueue } from './fair-order.ts'

/** The requests of one member that the same providers may make. */
export interface RequestGroup {
  candidates: readonly ProviderId[]
  /** The column's text, by which the rows are found. */
  stored: string
  queued: number
  /** The id of the first one, which sorts by age. */
  oldest: string
  /** That of the last one. */
  newest: string
}

export interface WaitingMember extends MemberQueue {
  groups: RequestGroup[]
}

/**
 * Whose requests are queued, the oldest first, and when the members and their guilds were last served: one statement with a row for each member and set of
 * candidates, so that a long queue costs little.
 */
export async function readWaiting(statements: Statements, { setAside }: Pick<Database, 'setAside'>): Promise<WaitingMember[]> {
  const waiting = statements
    .selectFrom('generations')
    .select((count) => ['guild_id', 'member_id', 'candidates', count.fn.countAll<number | string>().as('queued')])
    .select(({ fn }) => [fn.min('id').as('oldest'), fn.max('id').as('newest')])
    .where('state', '=', 'queued')
    .$if(setAside.ids.size > 0, (query) => query.where('id', 'not in', [...setAside.ids]))
    .groupBy(['guild_id', 'member_id', 'candidates'])
  const rows = await statements
    .selectFrom(waiting.as('waiting'))
    .leftJoin('queue_turns as guild_turn', (join) =>
      join.onRef('guild_turn.guild_id', '=', 'waiting.guild_id').on('guild_turn.member_id', '=', ''),
    )
    .leftJoin('queue_turns as member_turn', (join) =>
      join.onRef('member_turn.guild_id', '=', 'waiting.guild_id').onRef('member_turn.member_id', '=', 'waiting.member_id'),
    )
    .selectAll('waiting')
    .select(['guild_turn.last_served as guild_served', 'member_turn.last_served as member_served'])
    .orderBy('waiting.oldest')
    .execute()
  const parsed = new Map<string, readonly ProviderId[]>()
  const readable = rows.flatMap(({ candidates: stored, ...row }) => {
    const candidates = parsed.get(stored) ?? tryToRead(() => candidatesColumn.parse(stored), row.oldest, setAside)
    if (candidates) parsed.set(stored, candidates)
    return candidates ? [{ ...row, stored, candidates, queued: Number(row.queued) }] : []
  })
  return [...Map.groupBy(readable, memberKey).values()].flatMap((groups) => {
    const [first] = groups
    if (!first) return []
    const queued = groups.reduce((sum, group) => sum + group.queued, 0)
    const served = { guildServed: first.guild_served ?? 0, memberServed: first.member_served ?? 0 }
    return { guildId: first.guild_id, memberId: first.member_id, ...served, queued, groups }
  })
}

const memberKey = (row: { guild_id: string; member_id: string }) => `${row.guild_id}/${row.member_id}`

/** None where the text does not parse. */
export function readCandidates(stored: string): readonly ProviderId[] {
  try {
    return candidatesColumn.parse(stored)
  } catch (error) {
    if (!(error instanceof StoredRowError)) throw error
    return []
  }
}
