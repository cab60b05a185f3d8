import type { Transaction } from 'kysely'

import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'
import type { Schema } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'
import { updateIf } from '../store/generations.ts'
import { admit, clamp, longestPauseMs, type ProviderCapacity } from './create-rate.ts'
import { createFairOrder, type MemberQueue } from './fair-order.ts'

export interface Claims {
  claimed: Generation[]
  /** The create-rate or a pause allows no more until then (milliseconds since the epoch); absent if the cap or an empty queue was the reason. */
  retryAt?: number | undefined
}

/**
 * Claims as many queued generations as the provider's cap and create-rate leave, in the fair order and the oldest of each member first. Locks the
 * provider's row first and counts in a second statement: a single statement counts in the snapshot from before it waited, and exceeded the cap.
 */
export function claim(database: Database, provider: ProviderCapacity, { owner, now }: { owner: string; now: number }): Promise<Claims> {
  return database.transaction(async (transaction) => {
    const state = await lockProvider(transaction, provider.id)
    const running = await countRunning(transaction, provider.id)
    const free = provider.concurrency - sum(running.values())
    const claimed: Generation[] = []
    if (free <= 0) return { claimed }
    // Clamped like the create-rate: neither a provider's answer nor a clock that was ahead may stop a queue for longer.
    const closedUntil = Math.min(state.closed_until, now + longestPauseMs)
    if (closedUntil > now) return { claimed, retryAt: closedUntil }

    let { served } = state
    let nextCreateAt = clamp(state.next_create_at, now, provider)
    let retryAt: number | undefined
    const order = createFairOrder(await readMemberQueues(transaction, provider.id), { running, lastTurn: served })
    for (let next = order.next(); next && claimed.length < free; next = order.next()) {
      const allowed = admit(nextCreateAt, now, provider)
      if (allowed.at > now) {
        retryAt = allowed.at
        break
      }
      const generation = await claimOldest(transaction, provider.id, next, owner)
      if (!generation) {
        // The member's requests were all cancelled since they were counted.
        order.remove(next)
        continue
      }
      claimed.push(generation)
      nextCreateAt = allowed.next
      served = order.serve(next)
      await recordTurn(transaction, provider.id, next, served)
    }
    await transaction
      .updateTable('provider_state')
      .set({ next_create_at: nextCreateAt, served })
      .where('provider', '=', provider.id)
      .execute()
    return { claimed, retryAt }
  })
}

function lockProvider(transaction: Transaction<Schema>, provider: ProviderId) {
  return transaction
    .insertInto('provider_state')
    .values({ provider, next_create_at: 0, closed_until: 0, served: 0 })
    .onConflict((conflict) => conflict.column('provider').doUpdateSet({ provider }))
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function countRunning(transaction: Transaction<Schema>, provider: ProviderId): Promise<Map<string, number>> {
  const rows = await transaction
    .selectFrom('generations')
    .select((count) => ['guild_id', count.fn.countAll<number | string>().as('running')])
    .where('provider', '=', provider)
    .where('state', 'in', ['submitting', 'rendering'])
    .groupBy('guild_id')
    .execute()
  return new Map(rows.map((row) => [row.guild_id, Number(row.running)]))
}

async function readMemberQueues(transaction: Transaction<Schema>, provider: ProviderId): Promise<MemberQueue[]> {
  const queues = await transaction
    .selectFrom('generations')
    .select((count) => ['guild_id', 'member_id', count.fn.countAll<number | string>().as('queued'), count.fn.min('id').as('oldest')])
    .where((row) => row.and({ provider, state: 'queued' }))
    .groupBy(['guild_id', 'member_id'])
    .orderBy('oldest')
    .execute()
  const turns = await transaction.selectFrom('queue_turns').selectAll().where('provider', '=', provider).execute()
  const lastServed = new Map(turns.map((row) => [`${row.guild_id}/${row.member_id}`, row.last_served]))
  return queues.map((row) => ({
    guildId: row.guild_id,
    memberId: row.member_id,
    queued: Number(row.queued),
    guildServed: lastServed.get(`${row.guild_id}/`) ?? 0,
    memberServed: lastServed.get(`${row.guild_id}/${row.member_id}`) ?? 0,
  }))
}

/** A member may cancel the oldest request between the read and the claim: then the next one is claimed. Undefined if none is left. */
async function claimOldest(
  transaction: Transaction<Schema>,
  provider: ProviderId,
  { guildId, memberId }: MemberQueue,
  owner: string,
): Promise<Generation | undefined> {
  for (;;) {
    const oldest = await transaction
      .selectFrom('generations')
      .select('id')
      .where((row) => row.and({ provider, state: 'queued', guild_id: guildId, member_id: memberId }))
      .orderBy('id')
      .executeTakeFirst()
    if (!oldest) return undefined
    const claimed = await updateIf(transaction, { id: oldest.id, state: 'queued' }, { state: 'submitting', owner })
    if (claimed) return claimed
  }
}

async function recordTurn(transaction: Transaction<Schema>, provider: ProviderId, queue: MemberQueue, turn: number): Promise<void> {
  for (const memberId of ['', queue.memberId]) {
    await transaction
      .insertInto('queue_turns')
      .values({ provider, guild_id: queue.guildId, member_id: memberId, last_served: turn })
      .onConflict((conflict) => conflict.columns(['provider', 'guild_id', 'member_id']).doUpdateSet({ last_served: turn }))
      .execute()
  }
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
