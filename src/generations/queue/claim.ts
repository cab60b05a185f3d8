import type { Transaction } from 'kysely'

import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'
import type { Schema } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'
import { admit, clamp, type ProviderCapacity } from './create-rate.ts'
import { longestRestMs } from '../store/provider-state.ts'
import { toGeneration } from '../store/rows.ts'

export interface Claims {
  claimed: Generation[]
  /** The create-rate forbids more until then (milliseconds since the epoch); absent when the cap or an empty line was the reason. */
  retryAt?: number | undefined
}

/**
 * Takes as many queued generations for one provider as its cap and create-rate leave, fairly: the guild with the fewest running first, then the one
 * longest unserved; inside it the member longest unserved; inside that the oldest request. The provider's row is locked first and the running
 * ones are counted in a second statement (one statement that does both counts from before it waited, which broke a cap of 3).
 */
export function claim(database: Database, provider: ProviderCapacity, { owner, now }: { owner: string; now: number }): Promise<Claims> {
  return database.transaction(async (transaction) => {
    const stamp = await lockProvider(transaction, provider.id)
    const running = await countRunning(transaction, provider.id)
    const free = provider.concurrency - sum(running.values())
    const claimed: Generation[] = []
    if (free <= 0) return { claimed }
    // Clamped like the create-rate: neither a provider's whim nor a clock that was ahead may close a line for longer than this.
    const closedUntil = Math.min(stamp.closedUntil, now + longestRestMs)
    if (closedUntil > now) return { claimed, retryAt: closedUntil }

    const lines = await readLines(transaction, provider.id)
    let { served } = stamp
    let nextCreateAt = clamp(stamp.nextCreateAt, now, provider)
    let retryAt: number | undefined
    while (claimed.length < free && lines.length > 0) {
      const allowed = admit(nextCreateAt, now, provider)
      if (allowed.at > now) {
        retryAt = allowed.at
        break
      }
      const line = nextLine(lines, running)
      const generation = await take(transaction, provider.id, line, owner)
      if (!generation) {
        // Every request of this line was cancelled since it was counted.
        lines.splice(lines.indexOf(line), 1)
        continue
      }
      claimed.push(generation)
      nextCreateAt = allowed.next
      served += 1
      running.set(line.guildId, (running.get(line.guildId) ?? 0) + 1)
      await markServed(transaction, provider.id, line, served)
      for (const other of lines) if (other.guildId === line.guildId) other.guildServed = served
      line.memberServed = served
      line.waiting -= 1
      if (line.waiting === 0) lines.splice(lines.indexOf(line), 1)
    }
    await transaction
      .updateTable('provider_state')
      .set({ next_create_at: nextCreateAt, served })
      .where('provider', '=', provider.id)
      .execute()
    return { claimed, retryAt }
  })
}

interface Line {
  guildId: string
  memberId: string
  waiting: number
  guildServed: number
  memberServed: number
}

async function lockProvider(
  transaction: Transaction<Schema>,
  provider: ProviderId,
): Promise<{ nextCreateAt: number; closedUntil: number; served: number }> {
  const row = await transaction
    .insertInto('provider_state')
    .values({ provider, next_create_at: 0, closed_until: 0, served: 0 })
    .onConflict((conflict) => conflict.column('provider').doUpdateSet({ provider }))
    .returningAll()
    .executeTakeFirstOrThrow()
  return { nextCreateAt: row.next_create_at, closedUntil: row.closed_until, served: row.served }
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

async function readLines(transaction: Transaction<Schema>, provider: ProviderId): Promise<Line[]> {
  const waiting = await transaction
    .selectFrom('generations')
    .select((count) => ['guild_id', 'member_id', count.fn.countAll<number | string>().as('waiting'), count.fn.min('id').as('oldest')])
    .where('provider', '=', provider)
    .where('state', '=', 'queued')
    .groupBy(['guild_id', 'member_id'])
    .orderBy('oldest')
    .execute()
  const served = await transaction.selectFrom('queue_turns').selectAll().where('provider', '=', provider).execute()
  const lastServed = new Map(served.map((row) => [`${row.guild_id}/${row.member_id}`, row.last_served]))
  return waiting.map((row) => ({
    guildId: row.guild_id,
    memberId: row.member_id,
    waiting: Number(row.waiting),
    guildServed: lastServed.get(`${row.guild_id}/`) ?? 0,
    memberServed: lastServed.get(`${row.guild_id}/${row.member_id}`) ?? 0,
  }))
}

function nextLine(lines: readonly Line[], running: ReadonlyMap<string, number>): Line {
  const order = (line: Line) => [running.get(line.guildId) ?? 0, line.guildServed, line.memberServed]
  const first = lines.reduce((best, line) => (compare(order(line), order(best)) < 0 ? line : best))
  return first
}

/** The oldest request of a line, now the owner's. A member may cancel one between the look and the claim: then it is the turn of the next. */
async function take(transaction: Transaction<Schema>, provider: ProviderId, line: Line, owner: string): Promise<Generation | undefined> {
  for (;;) {
    const oldest = await transaction
      .selectFrom('generations')
      .select('id')
      .where('provider', '=', provider)
      .where('state', '=', 'queued')
      .where('guild_id', '=', line.guildId)
      .where('member_id', '=', line.memberId)
      .orderBy('id')
      .executeTakeFirst()
    if (!oldest) return undefined
    const row = await transaction
      .updateTable('generations')
      .set({ state: 'submitting', owner })
      .where('id', '=', oldest.id)
      .where('state', '=', 'queued')
      .returningAll()
      .executeTakeFirst()
    if (row) return toGeneration(row)
  }
}

async function markServed(transaction: Transaction<Schema>, provider: ProviderId, line: Line, served: number): Promise<void> {
  for (const memberId of ['', line.memberId]) {
    await transaction
      .insertInto('queue_turns')
      .values({ provider, guild_id: line.guildId, member_id: memberId, last_served: served })
      .onConflict((conflict) => conflict.columns(['provider', 'guild_id', 'member_id']).doUpdateSet({ last_served: served }))
      .execute()
  }
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
