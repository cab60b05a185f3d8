import type { Updateable } from 'kysely'

import type { AttemptState, EndReason } from '../../domain/generation-state.ts'
import { createId, createSecret } from '../../domain/ids.ts'
import type { MicroUsd } from '../../domain/money.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { HostedImages, Operation } from '../../providers/provider.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { hostedImagesColumn, operationColumn } from '../../storage/json-columns.ts'
import type { AttemptRow, Schema } from '../../storage/schema.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { updateIf } from './generations.ts'

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
const mayBeJob: readonly AttemptState[] = ['sent', 'unknown', 'accepted']

/**
 * Makes the attempt durable before anything is sent to the provider. Its id sorts after those of all earlier attempts, whatever clocks made them.
 * Throws `LeaseLost` unless the generation is still the owner's to submit, and where an earlier attempt may be a job.
 */
export function openAttempt(
  database: Database,
  { generationId, provider, owner, now }: { generationId: string; provider: ProviderId; owner: string; now: number },
): Promise<Attempt> {
  return database.transaction(async (transaction) => {
    // Changes nothing: it is the fence, and locks the row so that no other process adopts the generation before the attempt is visible.
    const owned = await updateIf(transaction, { id: generationId, owner, state: 'submitting' }, { owner })
    if (!owned) throw new LeaseLost('the generation changed owner before the attempt')
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

/**
 * Must be durable before the billable call: from here on only the provider's response can say that there is no job. Of two processes with the same
 * attempt (one was considered dead and continued) the first succeeds; the call of the other would create a second job: `LeaseLost`.
 */
export async function markSent(statements: Statements, attempt: Attempt, images: HostedImages, now: number): Promise<Attempt> {
  const set = { state: 'sent', images: hostedImagesColumn.stringify(images), sent_at: now } as const
  const sent = await updateAttempt(statements, { id: attempt.id, state: 'preparing' }, set)
  if (!sent) throw new LeaseLost('another process sent or closed the attempt')
  return sent
}

/** All attempts of a generation, the first one first. */
export async function listAttempts(statements: Statements, generationId: string): Promise<Attempt[]> {
  const rows = await statements.selectFrom('attempts').selectAll().where('generation_id', '=', generationId).orderBy('id').execute()
  return rows.map(toAttempt)
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

/** Facts from a provider are recorded unconditionally, whichever process owns the generation by now. */
export async function recordOperation(statements: Statements, attemptId: string, operation: Operation): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state: 'accepted', operation: operationColumn.stringify(operation), operation_id: operation.id })
    .where('id', '=', attemptId)
    .execute()
}

/** Nothing was sent after all: the attempt is still being prepared. */
export async function unmarkSent(statements: Statements, attemptId: string): Promise<void> {
  await updateAttempt(statements, { id: attemptId, state: 'sent', operation: null }, { state: 'preparing', sent_at: null })
}

export async function closeAttempt(
  statements: Statements,
  attemptId: string,
  { state, endReason, providerCost, now }: { state: AttemptState; endReason?: EndReason; providerCost?: MicroUsd; now: number },
): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state, ended_at: now, end_reason: endReason, provider_cost: providerCost })
    .where('id', '=', attemptId)
    .execute()
}

/** Refused before the billable call. Throws `LeaseLost` if a later owner has made that call under the same attempt: the refusal says nothing about it. */
export async function closeUnsent(
  statements: Statements,
  attemptId: string,
  { endReason, now }: { endReason: EndReason; now: number },
): Promise<void> {
  const set = { state: 'refused', end_reason: endReason, ended_at: now } as const
  if (!(await updateAttempt(statements, { id: attemptId, state: 'preparing' }, set)))
    throw new LeaseLost('another process continued the attempt')
}

/** Changes an attempt of which all of `where` still holds. Returns it as it now is, or undefined if it has moved on. */
export async function updateAttempt(
  statements: Statements,
  where: Pick<AttemptRow, 'id' | 'state'> & Partial<AttemptRow>,
  set: Updateable<Schema['attempts']>,
): Promise<Attempt | undefined> {
  const matching = statements.updateTable('attempts').where((row) => row.and(where))
  const row = await matching.set(set).returningAll().executeTakeFirst()
  return row && toAttempt(row)
}

function toAttempt(row: AttemptRow): Attempt {
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
