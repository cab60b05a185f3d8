import type { AttemptState, EndReason } from '../../domain/generation-state.ts'
import { createId, createSecret } from '../../domain/ids.ts'
import type { MicroUsd } from '../../domain/money.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { HostedImages, Operation } from '../../providers/provider.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { hostedImagesColumn, operationColumn } from '../../storage/json-columns.ts'
import type { AttemptRow } from '../../storage/schema.ts'
import { LeaseLost } from '../model/stop-reasons.ts'

/** One try at one provider. */
export interface Attempt {
  id: string
  generationId: string
  provider: ProviderId
  state: AttemptState
  /** In the URL of this attempt's webhook, and nowhere else. */
  webhookToken: string
  images: HostedImages
  /** When the billable call was about to leave, milliseconds since the epoch. */
  sentAt: number | undefined
  operation: Operation | undefined
  /** What a refusal or failure was called. */
  endReason: EndReason | undefined
}

export interface Opening {
  generationId: string
  provider: ProviderId
  /** Whoever has claimed the generation; nobody else may try. */
  owner: string
  now: number
}

/** An attempt in one of these states is, or may be, a job at its provider. */
const mayBeAJob: readonly AttemptState[] = ['sent', 'unknown', 'accepted']

/**
 * Makes the attempt durable before anything is sent to the provider. Its id comes after those of all earlier ones, whichever clocks they were made by.
 * Throws `LeaseLost` unless the generation is still the owner's to submit, and where an earlier attempt may have made a job.
 */
export function openAttempt(database: Database, { generationId, provider, owner, now }: Opening): Promise<Attempt> {
  return database.transaction(async (transaction) => {
    // Changes nothing: it is the fence, and locks the row, so that nobody takes the generation over before the attempt is there to be seen.
    const { numUpdatedRows } = await transaction
      .updateTable('generations')
      .set({ owner })
      .where('id', '=', generationId)
      .where('owner', '=', owner)
      .where('state', '=', 'submitting')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw new LeaseLost('the generation was taken over before it was tried')
    const earlier = await transaction.selectFrom('attempts').selectAll().where('generation_id', '=', generationId).orderBy('id').execute()
    if (earlier.some(({ state }) => mayBeAJob.includes(state)))
      throw new LeaseLost('somebody else has tried already, and that may be a job')
    const createdAt = Math.max(now, (earlier.at(-1)?.created_at ?? 0) + 1)
    return insertAttempt(transaction, { generationId, provider, createdAt })
  })
}

async function insertAttempt(
  statements: Statements,
  { generationId, provider, createdAt }: { generationId: string; provider: ProviderId; createdAt: number },
): Promise<Attempt> {
  const row = await statements
    .insertInto('attempts')
    .values({
      id: createId(createdAt),
      generation_id: generationId,
      take: 1,
      provider,
      state: 'preparing',
      images: null,
      sent_at: null,
      end_reason: null,
      operation: null,
      operation_id: null,
      provider_cost: null,
      webhook_token: createSecret(),
      created_at: createdAt,
      ended_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toAttempt(row)
}

/**
 * Must be durable before the billable call is made: from here on only the provider's word says that there is no job. Of two processes that hold the same
 * attempt (one was taken for dead and went on) the first gets through; the other's call would be a second job: `LeaseLost`.
 */
export async function markSent(statements: Statements, attempt: Attempt, images: HostedImages, now: number): Promise<Attempt> {
  const row = await statements
    .updateTable('attempts')
    .set({ state: 'sent', images: hostedImagesColumn.stringify(images), sent_at: now })
    .where('id', '=', attempt.id)
    .where('state', '=', 'preparing')
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new LeaseLost('the attempt was sent or given up by somebody else')
  return toAttempt(row)
}

/** All tries of a generation, the first one first. */
export async function listAttempts(statements: Statements, generationId: string): Promise<Attempt[]> {
  const rows = await statements.selectFrom('attempts').selectAll().where('generation_id', '=', generationId).orderBy('id').execute()
  return rows.map(toAttempt)
}

export async function latestAttempt(statements: Statements, generationId: string): Promise<Attempt | undefined> {
  return (await listAttempts(statements, generationId)).at(-1)
}

/** The attempt that a webhook's address belongs to. */
export async function findAttemptByToken(statements: Statements, provider: ProviderId, webhookToken: string): Promise<Attempt | undefined> {
  const row = await statements
    .selectFrom('attempts')
    .selectAll()
    .where('webhook_token', '=', webhookToken)
    .where('provider', '=', provider)
    .executeTakeFirst()
  return row && toAttempt(row)
}

/** A fact that a provider told us is written whoever owns the generation by now: it is never fenced away. */
export async function recordOperation(statements: Statements, attemptId: string, operation: Operation): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state: 'accepted', operation: operationColumn.stringify(operation), operation_id: operation.id })
    .where('id', '=', attemptId)
    .execute()
}

/** Nothing left after all: the attempt is as if it were still being prepared. */
export async function unmarkSent(statements: Statements, attemptId: string): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state: 'preparing', sent_at: null })
    .where('id', '=', attemptId)
    .where('state', '=', 'sent')
    .where('operation', 'is', null)
    .execute()
}

export async function closeAttempt(
  statements: Statements,
  attemptId: string,
  {
    state,
    endReason,
    providerCost,
    now,
  }: { state: AttemptState; endReason?: EndReason | undefined; providerCost?: MicroUsd | undefined; now: number },
): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({
      state,
      ended_at: now,
      ...(endReason === undefined ? {} : { end_reason: endReason }),
      ...(providerCost === undefined ? {} : { provider_cost: providerCost }),
    })
    .where('id', '=', attemptId)
    .execute()
}

/** Refused before the billable call: that says nothing of one that a later owner has made meanwhile under the same attempt (`LeaseLost`). */
export async function closeUnsent(
  statements: Statements,
  attemptId: string,
  { endReason, now }: { endReason: EndReason; now: number },
): Promise<void> {
  const { numUpdatedRows } = await statements
    .updateTable('attempts')
    .set({ state: 'refused', end_reason: endReason, ended_at: now })
    .where('id', '=', attemptId)
    .where('state', '=', 'preparing')
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw new LeaseLost('somebody else has gone on with the attempt')
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
