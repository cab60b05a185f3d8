import type { Transaction } from 'kysely'

import { createId, createSecret } from '../../domain/ids.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Clock } from '../../lib/clock.ts'
import type { HostedImages } from '../../providers/provider.ts'
import { type Database, sharedNow } from '../../storage/database.ts'
import { createGroupCommit } from '../../storage/group-commit.ts'
import { hostedImagesColumn } from '../../storage/json-columns.ts'
import type { AttemptRow, GenerationRow, Schema } from '../../storage/schema.ts'
import { BackToQueue, Outcome } from '../model/outcome.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { type Attempt, mayBeJob, selectAttempts, toAttempt } from '../store/attempts.ts'
import { admitCreate } from './provider-blocks.ts'
import type { Admission } from './provider-health.ts'

/** A create call that is about to leave. */
export interface CreateCall {
  generationId: string
  provider: ProviderId
  owner: string
  /** The attempt whose images were prepared. Without one there are no images, and the attempt is made. */
  prepared: Pick<Attempt, 'id'> | undefined
  images: HostedImages
  clock: Clock
  /** As in `RunContext`. */
  outageSpeed?: number | undefined
}

export interface SentAttempt {
  attempt: Attempt
  admission: Admission
}

/**
 * Stores that a create call is sent. Must be durable before it leaves: from here on only the provider's response can say that there is no job. It is the last
 * moment at which a cancel is free, and at which a lost lease or a blocked provider can still prevent a second job: throws the outcome, `LeaseLost` or
 * `BackToQueue`.
 */
export const sendAttempt = createGroupCommit(async (transaction, calls: readonly CreateCall[], database) => {
  const ids = calls.map(({ generationId }) => generationId)
  const generations = await lockGenerations(transaction, database, ids)
  const attempts = Map.groupBy(await selectAttempts(transaction, ids).execute(), (row) => row.generation_id)
  const admit = await createAdmission(transaction, database, calls)
  const sent: AttemptRow[] = []
  const results: (() => SentAttempt)[] = []
  for (const call of calls) {
    const own = attempts.get(call.generationId) ?? []
    const refusal = findRefusal(call, generations.get(call.generationId), own)
    const admission = refusal ? undefined : await admit(call)
    if (admission === undefined || admission === 'blocked') {
      results.push(() => {
        throw refusal ?? new BackToQueue(`${call.provider} was blocked before the job was sent`)
      })
      continue
    }
    const row = sentRow(call, own)
    sent.push(row)
    // Of two calls for one generation the second finds the attempt of the first.
    attempts.set(call.generationId, [...own.filter(({ id }) => id !== row.id), row])
    results.push(() => ({ attempt: toAttempt(row), admission }))
  }
  await storeSent(transaction, sent)
  return results
})

/** Nobody can adopt or cancel them before the calls are stored as sent. */
async function lockGenerations(
  transaction: Transaction<Schema>,
  { sharedUrl }: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Pick<GenerationRow, 'owner' | 'state' | 'cancel_requested_at'>>> {
  const rows = await transaction
    .selectFrom('generations')
    .select(['id', 'owner', 'state', 'cancel_requested_at'])
    .where('id', 'in', ids)
    .$if(sharedUrl !== undefined, (query) => query.forUpdate())
    .execute()
  return new Map(rows.map((row) => [row.id, row]))
}

/** Of two processes with the same attempt (one was considered dead and continued) the first sends it; the call of the other would create a second job. */
function findRefusal(
  { owner, prepared }: CreateCall,
  generation: Pick<GenerationRow, 'owner' | 'state' | 'cancel_requested_at'> | undefined,
  attempts: readonly AttemptRow[],
): LeaseLost | Outcome | undefined {
  if (generation?.owner !== owner || generation.state !== 'submitting')
    return new LeaseLost('the generation changed owner before it was submitted')
  if (attempts.some(({ state }) => mayBeJob.includes(state))) return new LeaseLost('another process made an attempt that may be a job')
  if (prepared && !attempts.some(({ id, state }) => id === prepared.id && state === 'preparing'))
    return new LeaseLost('another process continued the attempt')
  return generation.cancel_requested_at === null ? undefined : new Outcome('cancelled', 'cancelled-by-member', 'release')
}

/** The last moment at which a create call to a provider that another one has blocked can be prevented. */
async function createAdmission(
  transaction: Transaction<Schema>,
  database: Database,
  calls: readonly CreateCall[],
): Promise<(call: CreateCall) => Promise<Admission | 'blocked'>> {
  const rows = await transaction
    .selectFrom('provider_state')
    .select('provider')
    .where('provider', 'in', [...new Set(calls.map(({ provider }) => provider))])
    .where('blocked_reason', 'is not', null)
    .execute()
  const blocked = new Set(rows.map(({ provider }) => provider))
  return async ({ provider, clock, outageSpeed }) => {
    if (!blocked.has(provider)) return 'open'
    const now = await sharedNow({ ...database, statements: transaction }, clock)
    return admitCreate(transaction, provider, { now, outageSpeed })
  }
}

/** The id of a new attempt sorts after those of all earlier ones, whatever clocks made them. */
function sentRow({ generationId, provider, prepared, images, clock }: CreateCall, attempts: readonly AttemptRow[]): AttemptRow {
  const sent = { state: 'sent', images: hostedImagesColumn.stringify(images), sent_at: clock.now() } as const
  const own = attempts.find(({ id }) => id === prepared?.id)
  if (own) return { ...own, ...sent }
  const createdAt = Math.max(clock.now(), (attempts.at(-1)?.created_at ?? 0) + 1)
  return {
    ...{ id: createId(createdAt), generation_id: generationId, take: 1, provider, webhook_token: createSecret(), created_at: createdAt },
    ...{ end_reason: null, operation: null, operation_id: null, provider_cost: null, implausible_cost: null, ended_at: null },
    ...sent,
  }
}

async function storeSent(transaction: Transaction<Schema>, rows: readonly AttemptRow[]): Promise<void> {
  if (rows.length === 0) return
  await transaction
    .insertInto('attempts')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((row) => ({
        state: row.ref('excluded.state'),
        images: row.ref('excluded.images'),
        sent_at: row.ref('excluded.sent_at'),
      })),
    )
    .execute()
}
