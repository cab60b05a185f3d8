import type { ProviderId } from '../../../src/domain/provider-id.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import type { Operation } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { acceptGeneration } from './generations.ts'

export interface HeldOptions {
  provider?: ProviderId
  /** When it was held. */
  heldAt: number
  /** The job, where the provider named one before the render deadline. */
  operation?: Operation | undefined
}

export interface Held {
  id: string
  attemptId: string
}

/** A held request of a worker that is gone, with one attempt that may be a job. */
export async function acceptHeld(database: Database, { provider = 'fal', heldAt, operation }: HeldOptions): Promise<Held> {
  const { statements } = database
  const owner = 'a-worker-that-died'
  const { id } = await acceptGeneration(database, { provider })
  await statements.updateTable('generations').set({ state: 'submitting', owner }).where('id', '=', id).execute()
  const { id: attemptId } = await openAttempt(database, { generationId: id, provider, owner, now: heldAt })
  const job = operation && { operation: JSON.stringify(operation), operation_id: operation.id }
  await statements
    .updateTable('attempts')
    .set({ ...job, state: 'unknown', ended_at: heldAt })
    .where('id', '=', attemptId)
    .execute()
  const held = { state: 'held', owner: null, ended_at: heldAt, end_reason: 'submission_unknown', notified_at: heldAt } as const
  await statements.updateTable('generations').set(held).where('id', '=', id).execute()
  return { id, attemptId }
}

/** What a webhook leaves whose signature was right. */
export async function leaveWebhook(
  database: Database,
  attemptId: string,
  { job, receivedAt }: { job: string; receivedAt: number },
): Promise<void> {
  const event = {
    attempt_id: attemptId,
    delivery_id: `${attemptId}-${job}`,
    operation: JSON.stringify({ id: job }),
    received_at: receivedAt,
  }
  await database.statements.insertInto('webhook_events').values(event).execute()
}
