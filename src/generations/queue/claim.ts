import type { Transaction } from 'kysely'

import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { Schema } from '../../storage/schema.ts'
import { tryToRead } from '../../storage/unreadable-rows.ts'
import type { Generation } from '../model/generation.ts'
import { toGeneration, updateIf } from '../store/generations.ts'
import type { ProviderCapacity } from './create-rate.ts'
import { createFairOrder } from './fair-order.ts'
import { readFreeProviders, type RunningJobs } from './free-providers.ts'
import { readWaiting, type RequestGroup, type WaitingMember } from './waiting.ts'

export interface Claims {
  claimed: Generation[]
  /** The create-rate or a pause allows no more until then (milliseconds since the epoch); absent if a cap or an empty queue was the reason. */
  retryAt?: number | undefined
}

export interface ClaimOptions {
  owner: string
  now: number
}

/**
 * Claims as many queued generations as these providers have room for, in the fair order, each for the first of its candidates that is free. One whose
 * candidates are all busy delays no other. Locks the queue first and counts in a second statement: a single statement counts in the snapshot from
 * before it waited, and exceeded the cap.
 */
export async function claim(database: Database, providers: readonly ProviderCapacity[], options: ClaimOptions): Promise<Claims> {
  if (!(await hasQueued(database.statements))) return { claimed: [] }
  return database.transaction(async (transaction) => {
    const served = await lockQueue(transaction, database)
    const running = await countRunning(transaction)
    const free = await readFreeProviders(transaction, providers, { ...options, running })
    if (free.freeAt(providers.map(({ id }) => id)) === undefined) return { claimed: [] }
    const waiting = await readWaiting(transaction, database)
    const order = createFairOrder(waiting, { running: perGuild(running), lastTurn: served })
    const hasFree = ({ candidates }: RequestGroup) => free.firstFree(candidates) !== undefined
    const isClaimable = (member: WaitingMember) => member.groups.some(hasFree)

    const claimed: Generation[] = []
    let turn = served
    for (;;) {
      order.keep(isClaimable)
      const next = order.next()
      if (!next) break
      const group = oldestOf(next.groups.filter(hasFree))
      const provider = group && free.firstFree(group.candidates)
      const generation =
        provider && (await claimOldest(transaction, { ...options, setAside: database.setAside, member: next, group, provider }))
      if (!generation) {
        // All of the group was cancelled since it was counted.
        next.groups = next.groups.filter((other) => other !== group)
      } else {
        claimed.push(generation)
        free.take(provider)
        turn = order.serve(next)
        await recordTurn(transaction, next, turn)
      }
    }
    if (turn !== served) await transaction.updateTable('queue_state').set({ served: turn }).execute()
    await free.store(transaction)
    const times = waiting.flatMap(({ groups }) => groups.flatMap(({ candidates }) => free.freeAt(candidates) ?? []))
    return times.length === 0 ? { claimed } : { claimed, retryAt: Math.min(...times) }
  })
}

async function hasQueued(statements: Statements): Promise<boolean> {
  const row = await statements.selectFrom('generations').select('id').where('state', '=', 'queued').limit(1).executeTakeFirst()
  return row !== undefined
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

interface Turn extends Pick<ClaimOptions, 'owner'>, Pick<Database, 'setAside'> {
  member: WaitingMember
  group: RequestGroup
  provider: ProviderId
}

/** A member may cancel the oldest request between the read and the claim: then the next one is claimed. Undefined if none is left. */
async function claimOldest(
  transaction: Transaction<Schema>,
  { member, group, provider, owner, setAside }: Turn,
): Promise<Generation | undefined> {
  for (;;) {
    const [oldest, second] = await transaction
      .selectFrom('generations')
      .selectAll()
      .where((row) => row.and({ state: 'queued', guild_id: member.guildId, member_id: member.memberId, candidates: group.stored }))
      .$if(setAside.ids.size > 0, (query) => query.where('id', 'not in', [...setAside.ids]))
      .orderBy('id')
      .limit(2)
      .execute()
    if (!oldest) return undefined
    if (!tryToRead(() => toGeneration(oldest), oldest.id, setAside)) continue
    const claimed = await updateIf(transaction, { id: oldest.id, state: 'queued' }, { state: 'submitting', owner, provider })
    if (!claimed) continue
    if (second) group.oldest = second.id
    else member.groups = member.groups.filter((other) => other !== group)
    return claimed
  }
}

async function recordTurn(transaction: Transaction<Schema>, { guildId, memberId }: WaitingMember, turn: number): Promise<void> {
  for (const member of ['', memberId]) {
    await transaction
      .insertInto('queue_turns')
      .values({ guild_id: guildId, member_id: member, last_served: turn })
      .onConflict((conflict) => conflict.columns(['guild_id', 'member_id']).doUpdateSet({ last_served: turn }))
      .execute()
  }
}
