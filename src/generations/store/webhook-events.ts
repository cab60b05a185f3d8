import type { Operation, Provider } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { createGroupRead } from '../../storage/group-commit.ts'
import { operationColumn } from '../../storage/json-columns.ts'
import type { Attempt } from './attempts.ts'

/** Records which job an authentic webhook names. False if this delivery is known, or names another job than the attempt's own. */
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

/** The job that webhooks of this attempt name, if the provider confirms it. For attempts whose create response was lost: a webhook then is the source of the id. */
export async function operationFromWebhook(
  statements: Statements,
  attempt: Attempt,
  provider: Provider,
  signal: AbortSignal,
): Promise<Operation | undefined> {
  const events = await statements.selectFrom('webhook_events').select('operation').where('attempt_id', '=', attempt.id).execute()
  for (const event of events) {
    try {
      const operation = operationColumn.parse(event.operation)
      await provider.status(operation, { signal })
      return operation
    } catch {
      signal.throwIfAborted()
      // The provider does not know this job, or is unreachable: a webhook alone is no proof. Or the row cannot be read: then it proves nothing.
    }
  }
  return undefined
}

export const hasWebhookEvent = createGroupRead(async (statements, attemptIds: readonly string[]) => {
  const rows = await statements.selectFrom('webhook_events').select('attempt_id').where('attempt_id', 'in', attemptIds).execute()
  const found = new Set(rows.map((row) => row.attempt_id))
  return attemptIds.map((id) => () => found.has(id))
})

export async function deleteWebhookEvents(statements: Statements, attemptId: string): Promise<void> {
  await statements.deleteFrom('webhook_events').where('attempt_id', '=', attemptId).execute()
}
