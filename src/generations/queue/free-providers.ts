import type { Transaction } from 'kysely'

import type { ProviderId } from '../../domain/provider-id.ts'
import type { Schema } from '../../storage/schema.ts'
import { clamp, type ProviderCapacity, scheduleCreate } from './create-rate.ts'
import { maxSubmitting } from './provider-blocks.ts'
import { longestPauseMs } from './provider-pauses.ts'

/** What runs at a provider for a guild. */
export interface RunningJobs {
  provider: ProviderId
  guildId: string
  state: string
  count: number
}

/** The providers of one process, as one claim finds and changes them. */
export interface FreeProviders {
  /** The first of the candidates that can take one more job now. */
  firstFree(candidates: readonly ProviderId[]): ProviderId | undefined
  /** Counts one more job there. */
  take(provider: ProviderId): void
  /** When the first of the candidates whose create-rate or pause is all that prevents a job becomes free (milliseconds since the epoch). */
  freeAt(candidates: readonly ProviderId[]): number | undefined
  /** Stores the create-rates that changed. */
  store(transaction: Transaction<Schema>): Promise<void>
}

export interface FreeProvidersOptions {
  running: readonly RunningJobs[]
  now: number
}

const unblocked = { blocked_reason: null, probe_at: null }

interface Load {
  capacity: ProviderCapacity
  running: number
  /** Create calls that may still be sent: an outage cannot leave more than a few without a response. */
  creates: number
  nextCreateAt: number
  closedUntil: number
}

/** To be called under the queue's lock, which keeps the counts true until the claim commits. */
export async function readFreeProviders(
  transaction: Transaction<Schema>,
  providers: readonly ProviderCapacity[],
  { running, now }: FreeProvidersOptions,
): Promise<FreeProviders> {
  const states = await readStates(transaction, providers)
  const searched = await countRecovering(transaction)
  const loads = new Map<ProviderId, Load>()
  for (const capacity of providers) {
    const jobs = running.filter(({ provider }) => provider === capacity.id)
    const state = states.get(capacity.id)
    const submitting = sum(jobs.filter((job) => job.state === 'submitting')) - (searched.get(capacity.id) ?? 0)
    loads.set(capacity.id, {
      capacity,
      running: sum(jobs),
      creates: maxSubmitting(state ?? unblocked) - submitting,
      nextCreateAt: clamp(state?.next_create_at ?? 0, now, capacity),
      // Clamped like the create-rate: neither a provider's answer nor a clock that was ahead may stop a provider for longer.
      closedUntil: Math.min(state?.closed_until ?? 0, now + longestPauseMs),
    })
  }

  /** Infinity where more than time is needed. */
  function freeAt(id: ProviderId): number {
    const load = loads.get(id)
    if (!load || load.running >= load.capacity.concurrency || load.creates <= 0) return Infinity
    return Math.max(load.closedUntil, scheduleCreate(load.nextCreateAt, now, load.capacity).at)
  }

  return {
    firstFree: (candidates) => candidates.find((id) => freeAt(id) <= now),
    take: (id) => {
      const load = loads.get(id)
      if (!load) return
      load.nextCreateAt = scheduleCreate(load.nextCreateAt, now, load.capacity).next
      load.running += 1
      load.creates -= 1
    },
    freeAt: (candidates) => {
      const at = Math.min(...candidates.map(freeAt))
      return at === Infinity ? undefined : at
    },
    store: async (statements) => {
      const changed = [...loads.values()]
        .filter(({ capacity, nextCreateAt }) => nextCreateAt !== (states.get(capacity.id)?.next_create_at ?? 0))
        .map(({ capacity, nextCreateAt }) => ({ provider: capacity.id, next_create_at: nextCreateAt }))
      if (changed.length === 0) return
      await statements
        .insertInto('provider_state')
        .values(changed)
        .onConflict((conflict) =>
          conflict.column('provider').doUpdateSet((row) => ({ next_create_at: row.ref('excluded.next_create_at') })),
        )
        .execute()
    },
  }
}

async function readStates(transaction: Transaction<Schema>, providers: readonly ProviderCapacity[]) {
  const ids = providers.map(({ id }) => id)
  const rows = await transaction.selectFrom('provider_state').selectAll().where('provider', 'in', ids).execute()
  return new Map(rows.map((row) => [row.provider, row]))
}

/** Requests whose create call is over, but was lost: the search for the job may take minutes, and keeps no other request from being sent. */
async function countRecovering(transaction: Transaction<Schema>): Promise<Map<ProviderId, number>> {
  const rows = await transaction
    .selectFrom('generations')
    .innerJoin('attempts', 'attempts.generation_id', 'generations.id')
    .select((count) => ['generations.provider', count.fn.countAll<number | string>().as('count')])
    .where('generations.state', '=', 'submitting')
    .where('attempts.state', '=', 'unknown')
    .groupBy('generations.provider')
    .execute()
  return new Map(rows.map(({ provider, count }) => [provider, Number(count)]))
}

function sum(jobs: readonly RunningJobs[]): number {
  return jobs.reduce((total, { count }) => total + count, 0)
}
