import type { MicroUsd } from '../domain/money.ts'
import { createId, createSecret } from '../domain/ids.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import type { Operation } from '../providers/provider.ts'
import type { Statements } from '../storage/database.ts'

/** `opened` without an operation means that a billable call may have left and its answer was never stored. */
export type AttemptState = 'opened' | 'accepted' | 'refused' | 'unknown' | 'completed' | 'failed' | 'cancelled'

export interface Attempt {
  id: string
  state: AttemptState
  operation: Operation | undefined
}

/** Makes the attempt durable; it must be, before the billable call is made. */
export async function openAttempt(
  statements: Statements,
  { generationId, provider, now }: { generationId: string; provider: ProviderId; now: number },
): Promise<Attempt> {
  const id = createId(now)
  await statements
    .insertInto('attempts')
    .values({
      id,
      generation_id: generationId,
      take: 1,
      provider,
      state: 'opened',
      operation: null,
      operation_id: null,
      host_cost: null,
      webhook_token: createSecret(),
      created_at: now,
      ended_at: null,
    })
    .execute()
  return { id, state: 'opened', operation: undefined }
}

export async function latestAttempt(statements: Statements, generationId: string): Promise<Attempt | undefined> {
  const row = await statements
    .selectFrom('attempts')
    .selectAll()
    .where('generation_id', '=', generationId)
    .orderBy('id', 'desc')
    .executeTakeFirst()
  if (!row) return undefined
  return {
    id: row.id,
    state: row.state as AttemptState,
    operation: row.operation === null ? undefined : (JSON.parse(row.operation) as Operation),
  }
}

/** A fact that a host told us is written whoever owns the generation by now: it is never fenced away. */
export async function recordOperation(statements: Statements, attemptId: string, operation: Operation): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state: 'accepted', operation: JSON.stringify(operation), operation_id: operation.id })
    .where('id', '=', attemptId)
    .execute()
}

export async function closeAttempt(
  statements: Statements,
  attemptId: string,
  { state, hostCost, now }: { state: AttemptState; hostCost?: MicroUsd | undefined; now: number },
): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state, ended_at: now, ...(hostCost === undefined ? {} : { host_cost: hostCost }) })
    .where('id', '=', attemptId)
    .execute()
}
