import type { ProviderId } from '../../domain/provider-id.ts'
import type { Statements } from '../../storage/database.ts'
import { createFairOrder } from './fair-order.ts'

export interface QueuePosition {
  id: string
  /** Requests that the same provider serves before this one. */
  ahead: number
}

/** The positions at every provider, or at this one, in serving order: exact unless requests are added or end in between. One query. */
export async function readQueuePositions(statements: Statements, provider?: ProviderId): Promise<QueuePosition[]> {
  const rows = await statements
    .selectFrom('generations')
    .leftJoin('queue_turns as guild_turn', (join) =>
      join
        .onRef('guild_turn.provider', '=', 'generations.provider')
        .onRef('guild_turn.guild_id', '=', 'generations.guild_id')
        .on('guild_turn.member_id', '=', ''),
    )
    .leftJoin('queue_turns as member_turn', (join) =>
      join
        .onRef('member_turn.provider', '=', 'generations.provider')
        .onRef('member_turn.guild_id', '=', 'generations.guild_id')
        .onRef('member_turn.member_id', '=', 'generations.member_id'),
    )
    .select(['generations.id', 'generations.state', 'generations.provider', 'generations.guild_id', 'generations.member_id'])
    .select(['guild_turn.last_served as guild_served', 'member_turn.last_served as member_served'])
    .where('generations.state', 'in', ['queued', 'submitting', 'rendering'])
    .where((row) => row.and(provider === undefined ? [] : [row('generations.provider', '=', provider)]))
    .orderBy('generations.id')
    .execute()
  return [...Map.groupBy(rows, (row) => row.provider).values()].flatMap((atProvider) => {
    const { queued = [], running = [] } = Object.groupBy(atProvider, ({ state }) => (state === 'queued' ? 'queued' : 'running'))
    const members = Map.groupBy(queued, (row) => `${row.guild_id}/${row.member_id}`)
    const queues = [...members.values()].flatMap((requests) => {
      const [oldest] = requests
      if (!oldest) return []
      const [guildServed, memberServed] = [oldest.guild_served ?? 0, oldest.member_served ?? 0]
      return [{ guildId: oldest.guild_id, memberId: oldest.member_id, requests, queued: requests.length, guildServed, memberServed }]
    })
    const order = createFairOrder(queues, {
      running: new Map([...Map.groupBy(running, (row) => row.guild_id)].map(([guildId, { length }]) => [guildId, length])),
      lastTurn: Math.max(0, ...queues.flatMap(({ guildServed, memberServed }) => [guildServed, memberServed])),
    })
    const positions: QueuePosition[] = []
    for (let next = order.next(); next; next = order.next()) {
      const [request] = next.requests.splice(0, 1)
      if (request) positions.push({ id: request.id, ahead: positions.length })
      order.serve(next)
    }
    return positions
  })
}
