import type { Transaction, Updateable } from 'kysely'

import type { ProviderCost } from '../../billing/parse-provider-cost.ts'
import type { AttemptState, EndReason } from '../../domain/generation-state.ts'
import { createId, createSecret } from '../../domain/ids.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { HostedImages, Operation } from '../../providers/provider.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { createGroupRead } from '../../storage/group-commit.ts'
import { hostedImagesColumn, operationColumn } from '../../storage/json-columns.ts'
import type { AttemptRow, Schema } from '../../storage/schema.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { asOwner } from './generations.ts'

/** One attempt at one provider. */
export interface Attempt {
  id: string
  generationId: string
  provider: ProviderId
  state: AttemptState
  /** Part of this attempt's webhook URL, and used nowhere else. */
  webhookToken: string
  images: HostedImages
  /** When the billable call was about to leave, milliseconds since the epoch. */
  sentAt: number | undefined
  operation: Operation | undefined
  /** Why it was refused or failed. */
  endReason: EndReason | undefined
}

/** An attempt in one of these states is, or may be, a job at its provider. */
export const mayBeJob: readonly AttemptState[] = ['sent', 'unknown', 'accepted']

/** An attempt of the generation that this owner is submitting. */
export interface OwnAttempt {
  attempt: Pick<Attempt, 'id' | 'generationId'>
  owner: string
}

/**
 * Makes the attempt durable before anything is sent to the provider. Its id sorts after those of all earlier attempts, whatever clocks made them.
 * Throws `LeaseLost` unless the generation is still the owner's to submit, and where an earlier attempt may be a job.
 */
export function openAttempt(
  database: Database,
  { generationId, provider, owner, now }: { generationId: string; provider: ProviderId; owner: string; now: number },
): Promise<Attempt> {
  return asOwner(database, { id: generationId, owner, state: 'submitting' }, async (transaction) => {
    const earlier = await transaction.selectFrom('attempts').selectAll().where('generation_id', '=', generationId).orderBy('id').execute()
    if (earlier.some(({ state }) => mayBeJob.includes(state))) throw new LeaseLost('another process made an attempt that may be a job')
    const createdAt = Math.max(now, (earlier.at(-1)?.created_at ?? 0) + 1)
    const row = await transaction
      .insertInto('attempts')
      .values({
        id: createId(createdAt),
        generation_id: generationId,
        take: 1,
        provider,
        state: 'preparing',
        webhook_token: createSecret(),
        created_at: createdAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    return toAttempt(row)
  })
}

/** All attempts of a generation, the first one first. */
export const listAttempts = createGroupRead(async (statements, generationIds: readonly string[]) => {
  const rows = await selectAttempts(statements, generationIds).execute()
  const found = Map.groupBy(rows, (row) => row.generation_id)
  return generationIds.map((id) => () => (found.get(id) ?? []).map(toAttempt))
})

export function selectAttempts(statements: Statements, generationIds: readonly string[]) {
  return statements.selectFrom('attempts').selectAll().where('generation_id', 'in', generationIds).orderBy('id')
}

export async function latestAttempt(statements: Statements, generationId: string): Promise<Attempt | undefined> {
  return (await listAttempts(statements, generationId)).at(-1)
}

/** The attempt that a webhook URL belongs to. */
export async function findAttemptByToken(statements: Statements, provider: ProviderId, webhookToken: string): Promise<Attempt | undefined> {
  const row = await statements
    .selectFrom('attempts')
    .selectAll()
    .where((row) => row.and({ webhook_token: webhookToken, provider }))
    .executeTakeFirst()
  return row && toAttempt(row)
}

export interface Ended {
  endReason: EndReason
  now: number
}

/** Nothing was sent after all: the attempt is still being prepared. */
export async function unmarkSent(database: Database, own: OwnAttempt): Promise<void> {
  await updateOwn(database, own, { state: 'sent', operation: null }, { state: 'preparing', sent_at: null })
}

/** Removes an attempt of which nothing was sent, so that its provider does not count as tried. */
export async function discardUnsent(database: Database, { attempt: { id, generationId }, owner }: OwnAttempt): Promise<void> {
  await asOwner(database, { id: generationId, owner, state: 'submitting' }, (transaction) =>
    transaction
      .deleteFrom('attempts')
      .where((row) => row.and({ id, state: 'preparing' }))
      .execute(),
  )
}

/** The response to the create call was lost: there may be a job. */
export async function recordLostResponse(database: Database, own: OwnAttempt, { endReason, now }: Ended): Promise<void> {
  await updateOwn(database, own, { state: 'sent', operation: null }, { state: 'unknown', end_reason: endReason, ended_at: now })
}

/** Refused before the billable call. A later owner may continue the attempt with success: the refusal of a former one says nothing about it. */
export async function closeUnsent(database: Database, own: OwnAttempt, { endReason, now }: Ended): Promise<void> {
  await updateOwn(database, own, { state: 'preparing' }, { state: 'refused', end_reason: endReason, ended_at: now })
}

/** Closes the attempt in the transaction that ends, holds or captures its generation. Throws `LeaseLost` for a former owner. */
export async function closeAttempt(
  transaction: Transaction<Schema>,
  { attempt, owner }: OwnAttempt,
  { state, endReason, cost, now }: { state: AttemptState; endReason?: EndReason; cost?: ProviderCost; now: number },
): Promise<void> {
  const closed = await transaction
    .updateTable('attempts')
    .set({ state, ended_at: now, end_reason: endReason, provider_cost: cost?.reported, implausible_cost: cost?.implausible })
    .where('id', '=', attempt.id)
    // Not `in (select …)`: SQLite would collect all generations of the owner first, by reading every generation.
    .where((row) =>
      row.exists(row.selectFrom('generations').select('id').whereRef('id', '=', 'attempts.generation_id').where('owner', '=', owner)),
    )
    .returning('id')
    .executeTakeFirst()
  if (!closed) throw new LeaseLost('the generation changed owner before its attempt was closed')
}

/** The fence of an attempt: it changes only for the owner that submits its generation, and only while all of `where` holds. */
function updateOwn(
  database: Database,
  { attempt: { id, generationId }, owner }: OwnAttempt,
  where: Pick<AttemptRow, 'state'> & Partial<AttemptRow>,
  set: Updateable<Schema['attempts']>,
): Promise<Attempt> {
  return asOwner(database, { id: generationId, owner, state: 'submitting' }, async (transaction) => {
    const changed = await updateAttempt(transaction, { ...where, id }, set)
    if (!changed) throw new LeaseLost('another process continued the attempt')
    return changed
  })
}

/** Changes an attempt of which all of `where` still holds. Returns it as it now is, or undefined if it has moved on. */
export async function updateAttempt(
  statements: Statements,
  where: Pick<AttemptRow, 'id' | 'state'> & Partial<AttemptRow>,
  set: Updateable<Schema['attempts']>,
): Promise<Attempt | undefined> {
  if (!statements.isTransaction) {
    // As for a generation: one that cannot be read must not be changed.
    const row = await statements
      .selectFrom('attempts')
      .selectAll()
      .where((match) => match.and(where))
      .executeTakeFirst()
    if (!row) return undefined
    toAttempt(row)
  }
  const matching = statements.updateTable('attempts').where((row) => row.and(where))
  const row = await matching.set(set).returningAll().executeTakeFirst()
  return row && toAttempt(row)
}

export function toAttempt(row: AttemptRow): Attempt {
  return {
    id: row.id,
    generationId: row.generation_id,
    provider: row.provider,
    state: row.state,
    webhookToken: row.webhook_token,
    images: row.images === null ? {} : hostedImagesColumn.parse(row.images),
    sentAt: row.sent_at ?? undefined,
    operation: row.operation === null ? undefined : operationColumn.parse(row.operation),
    endReason: row.end_reason ?? undefined,
  }
}
