import type { Operation, Provider } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { operationColumn } from '../../storage/json-columns.ts'
import type { Attempt } from './attempts.ts'

/**
 * Keeps which job an authentic webhook spoke of. False if this delivery was kept before, or if it speaks of another job than the attempt's own:
 * a provider's late word about one attempt cannot touch another.
 */
export async function recordWebhookEvent(
  statements: Statements,
  attempt: Attempt,
  event: { deliveryId: string; operation: Operation },
  now: number,
): Promise<boolean> {
  if (attempt.operation && attempt.operation.id !== event.operation.id) return false
  const row = await statements
    .insertInto('webhook_events')
    .values({
      attempt_id: attempt.id,
      delivery_id: event.deliveryId,
      operation: operationColumn.stringify(event.operation),
      received_at: now,
    })
    .onConflict((conflict) => conflict.columns(['attempt_id', 'delivery_id']).doNothing())
    .returning('attempt_id')
    .executeTakeFirst()
  return row !== undefined
}

/**
 * The job that webhooks of this attempt speak of, once the provider itself confirms it under the attempt's own key. Only asked where the create answer
 * never came: then a webhook is how the provider tells its id.
 */
export async function operationFromWebhook(
  statements: Statements,
  attempt: Attempt,
  provider: Provider,
  signal: AbortSignal,
): Promise<Operation | undefined> {
  const events = await statements.selectFrom('webhook_events').select('operation').where('attempt_id', '=', attempt.id).execute()
  for (const event of events) {
    const operation = operationColumn.parse(event.operation)
    try {
      await provider.status(operation, { signal })
      return operation
    } catch {
      signal.throwIfAborted()
      // The host does not know this job (or cannot be asked now): it is not taken on a webhook's word alone.
    }
  }
  return undefined
}

/** Has the provider announced something about this attempt? */
export async function hasWebhookEvent(statements: Statements, attemptId: string): Promise<boolean> {
  const row = await statements.selectFrom('webhook_events').select('attempt_id').where('attempt_id', '=', attemptId).executeTakeFirst()
  return row !== undefined
}

/** What was announced about this attempt has been heard. */
export async function deleteWebhookEvents(statements: Statements, attemptId: string): Promise<void> {
  await statements.deleteFrom('webhook_events').where('attempt_id', '=', attemptId).execute()
}
