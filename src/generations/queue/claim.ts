import type { Transaction } from 'kysely'

import type { ProviderId } from '../../domain/provider-id.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Database } from '../../storage/database.ts'
import type { Schema } from '../../storage/schema.ts'
import { tryToRead } from '../../storage/unreadable-rows.ts'
import { notIndexed, valueById } from '../../storage/value-by-id.ts'
import type { Generation } from '../model/generation.ts'
import { toGeneration } from '../store/generations.ts'
import type { ProviderCapacity } from './create-rate.ts'
import { createFairOrder } from './fair-order.ts'
import { readFreeProviders, type RunningJobs } from './free-providers.ts'
import { readWaiting, type RequestGroup, type WaitingMember } from './waiting-members.ts'

export interface Claims {
  claimed: Generation[]
  /** The create-rate or a pause allows no more until then (milliseconds since the epoch); absent if a cap or an empty queue was the reason. */
  retryAt?: number | undefined
  /** Whether requests are still queued. */
  hasLeft: boolean
}

export interface ClaimOptions {
  owner: string
  now: number
}

/** The time of `sharedNow` if anything is queued. One statement, which waits for nobody. */
export async function readQueuedAt(database: Database, clock: Clock): Promise<number | undefined> {
  const { statements, now, sharedUrl } = database
  const row = await statements.selectFrom('generations').select(now.as('moment')).where('state', '=', 'queued').limit(1).executeTakeFirst()
  return row && (sharedUrl === undefined ? clock.now() : row.moment)
}

/**
 * Claims as many queued generations as these providers have room for, in the fair order, each for the first of its candidates that is free. One whose
 * candidates are all busy delays no other. Locks the queue first and counts in a second statement: a single statement counts in the snapshot from
 * before it waited, and exceeded the cap.
 */
export async function claim(database: Database, providers: readonly ProviderCapacity[], options: ClaimOptions): Promise<Claims> {
  for (;;) {
    try {
      return await database.transaction((transaction) => claimOnce(transaction, database, { ...options, providers }))
    } catch (error) {
      if (!(error instanceof QueueChanged)) throw error
    }
  }
}

/** A request that was chosen was cancelled meanwhile, or cannot be read and is set aside now: the choice is made again without it. */
class QueueChanged extends Error {
  override readonly name = 'QueueChanged'
}

async function claimOnce(
  transaction: Transaction<Schema>,
  database: Database,
  { providers, owner, now }: ClaimOptions & { providers: readonly ProviderCapacity[] },
): Promise<Claims> {
  const served = await lockQueue(transaction, database)
  const running = await countRunning(transaction)
  const free = await readFreeProviders(transaction, providers, { now, running })
  if (free.freeAt(providers.map(({ id }) => id)) === undefined) return { claimed: [], hasLeft: true }
  const waiting = await readWaiting(transaction, database)
  const order = createFairOrder(waiting, { running: perGuild(running), lastTurn: served })
  const hasFree = ({ candidates }: RequestGroup) => free.firstFree(candidates) !== undefined
  const isClaimable = (member: WaitingMember) => member.groups.some(hasFree)

  const chosen = new Map<string, ProviderId>()
  const turns = new Map<string, Schema['queue_turns']>()
  for (;;) {
    order.keep(isClaimable)
    const next = order.next()
    if (!next) break
    await readOldest(transaction, database, { member: next, chosen })
    const group = oldestOf(next.groups.filter(hasFree))
    const provider = group && free.firstFree(group.candidates)
    if (!provider) continue
    chosen.set(group.oldest, provider)
    group.queued -= 1
    next.groups = next.groups.filter(({ queued }) => queued > 0)
    free.take(provider)
    const [guild, turn] = [next.guildId, order.serve(next)]
    for (const member of ['', next.memberId]) turns.set(`${guild}/${member}`, { guild_id: guild, member_id: member, last_served: turn })
  }
  const claimed = chosen.size === 0 ? [] : await claimChosen(transaction, database, { chosen, owner })
  if (chosen.size > 0) await recordTurns(transaction, [...turns.values()], served + chosen.size)
  await free.store(transaction)
  const groups = waiting.flatMap((member) => member.groups)
  const times = groups.flatMap(({ candidates }) => free.freeAt(candidates) ?? [])
  return { claimed, hasLeft: groups.length > 0, ...(times.length > 0 && { retryAt: Math.min(...times) }) }
}

/** Returns the number of the last turn. SQLite runs one transaction at a time anyway. */
async function lockQueue(transaction: Transaction<Schema>, { sharedUrl }: Database): Promise<number> {
  const { served } = await transaction
    .selectFrom('queue_state')
    .select('served')
    .$if(sharedUrl !== undefined, (query) => query.forUpdate())
    .executeTakeFirstOrThrow()
  return served
}

async function countRunning(transaction: Transaction<Schema>): Promise<RunningJobs[]> {
  const rows = await transaction
    .selectFrom('generations')
    .select((count) => ['provider', 'guild_id', 'state', count.fn.countAll<number | string>().as('count')])
    .where('state', 'in', ['submitting', 'rendering'])
    .groupBy(['provider', 'guild_id', 'state'])
    .execute()
  return rows.map(({ provider, guild_id: guildId, state, count }) => ({ provider, guildId, state, count: Number(count) }))
}

/** At all providers together. */
function perGuild(running: readonly RunningJobs[]): Map<string, number> {
  const guilds = new Map<string, number>()
  for (const { guildId, count } of running) guilds.set(guildId, (guilds.get(guildId) ?? 0) + count)
  return guilds
}

function oldestOf(groups: readonly RequestGroup[]): RequestGroup | undefined {
  return groups.reduce<RequestGroup | undefined>((oldest, group) => (oldest && oldest.oldest < group.oldest ? oldest : group), undefined)
}

/** Of groups whose oldest request was chosen, the one that is the oldest now. */
async function readOldest(
  transaction: Transaction<Schema>,
  { setAside }: Pick<Database, 'setAside'>,
  { member, chosen }: { member: WaitingMember; chosen: ReadonlyMap<string, ProviderId> },
): Promise<void> {
  for (const group of member.groups) {
    if (!chosen.has(group.oldest)) continue
    const next = await transaction
      .selectFrom('generations')
      .select('id')
      .where((row) => row.and({ state: 'queued', guild_id: member.guildId, member_id: member.memberId, candidates: group.stored }))
      .where('id', '>', group.oldest)
      .$if(setAside.ids.size > 0, (query) => query.where('id', 'not in', [...setAside.ids]))
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    // Those that were counted were cancelled since.
    if (!next) throw new QueueChanged('a group has no more requests')
    group.oldest = next.id
  }
}

/** In the order in which they were chosen. */
async function claimChosen(
  transaction: Transaction<Schema>,
  { setAside }: Pick<Database, 'setAside'>,
  { chosen, owner }: { chosen: ReadonlyMap<string, ProviderId>; owner: string },
): Promise<Generation[]> {
  const ids = [...chosen.keys()]
  const rows = await transaction
    .updateTable('generations')
    .set({ state: 'submitting', owner, provider: valueById([...chosen]) })
    .where('id', 'in', ids)
    .where('state', '=', notIndexed('queued'))
    .returningAll()
    .execute()
  const generations = new Map(rows.map((row) => [row.id, tryToRead(() => toGeneration(row), row.id, setAside)]))
  return ids.map((id) => {
    const generation = generations.get(id)
    if (!generation) throw new QueueChanged('a request was cancelled, or cannot be read')
    return generation
  })
}

async function recordTurns(transaction: Transaction<Schema>, turns: Schema['queue_turns'][], served: number): Promise<void> {
  await transaction
    .insertInto('queue_turns')
    .values(turns)
    .onConflict((conflict) =>
      conflict.columns(['guild_id', 'member_id']).doUpdateSet((row) => ({ last_served: row.ref('excluded.last_served') })),
    )
    .execute()
  await transaction.updateTable('queue_state').set({ served }).execute()
}
