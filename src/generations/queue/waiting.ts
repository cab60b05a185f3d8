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
}

export interface WaitingMember extends MemberQueue {
  groups: RequestGroup[]
}

/** Whose requests are queued, the oldest first: a row for each member and set of candidates, so that a long queue costs little. */
export async function readWaiting(statements: Statements, { setAside }: Pick<Database, 'setAside'>): Promise<WaitingMember[]> {
  const rows = await statements
    .selectFrom('generations')
    .select((count) => ['guild_id', 'member_id', 'candidates', count.fn.countAll<number | string>().as('queued')])
    .select((least) => least.fn.min('id').as('oldest'))
    .where('state', '=', 'queued')
    .$if(setAside.ids.size > 0, (query) => query.where('id', 'not in', [...setAside.ids]))
    .groupBy(['guild_id', 'member_id', 'candidates'])
    .orderBy('oldest')
    .execute()
  const turnOf = await readTurns(statements)
  const readable = rows.flatMap(({ candidates: stored, ...row }) => {
    const candidates = tryToRead(() => candidatesColumn.parse(stored), row.oldest, setAside)
    return candidates ? [{ ...row, stored, candidates, queued: Number(row.queued) }] : []
  })
  return [...Map.groupBy(readable, memberKey).values()].flatMap((groups) => {
    const [first] = groups
    if (!first) return []
    const queued = groups.reduce((sum, group) => sum + group.queued, 0)
    return { guildId: first.guild_id, memberId: first.member_id, ...turnOf(first), queued, groups }
  })
}

interface Member {
  guild_id: string
  member_id: string
}

export const memberKey = ({ guild_id: guildId, member_id: memberId }: Member) => `${guildId}/${memberId}`

/** When the members with queued requests, and their guilds, were last served. */
export async function readTurns(statements: Statements): Promise<(member: Member) => Pick<MemberQueue, 'guildServed' | 'memberServed'>> {
  const waiting = statements.selectFrom('generations').select(['guild_id', 'member_id']).distinct().where('state', '=', 'queued')
  const rows = await statements
    .selectFrom(waiting.as('waiting'))
    .leftJoin('queue_turns as guild_turn', (join) =>
      join.onRef('guild_turn.guild_id', '=', 'waiting.guild_id').on('guild_turn.member_id', '=', ''),
    )
    .leftJoin('queue_turns as member_turn', (join) =>
      join.onRef('member_turn.guild_id', '=', 'waiting.guild_id').onRef('member_turn.member_id', '=', 'waiting.member_id'),
    )
    .select(['waiting.guild_id', 'waiting.member_id', 'guild_turn.last_served as guild_served', 'member_turn.last_served as member_served'])
    .execute()
  const turns = new Map(rows.map((row) => [memberKey(row), { guildServed: row.guild_served ?? 0, memberServed: row.member_served ?? 0 }]))
  return (member) => turns.get(memberKey(member)) ?? { guildServed: 0, memberServed: 0 }
}

/** None where the text does not parse. */
export function readCandidates(stored: string): readonly ProviderId[] {
  try {
    return candidatesColumn.parse(stored)
  } catch (error) {
    if (!(error instanceof StoredRowError)) throw error
    return []
  }
}
