import type { Operation } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { operationColumn } from '../../storage/json-columns.ts'
import type { Ended } from './attempts.ts'

/* What a provider told us is true whichever process owns the generation by now, so it is recorded by the attempt's id alone. */

/** The provider gave this job's id to another attempt before: there is one job for the two. */
export class OperationTaken extends Error {
  override readonly name = 'OperationTaken'
}

/** The provider accepted: this is its handle of the job. Throws `OperationTaken` where another attempt has that job. */
export async function recordOperation(statements: Statements, attemptId: string, operation: Operation): Promise<void> {
  const recorded = await statements
    .updateTable('attempts')
    .set({ state: 'accepted', operation: operationColumn.stringify(operation), operation_id: operation.id })
    .where('id', '=', attemptId)
    .where((attempt) =>
      attempt.not(
        attempt.exists(
          attempt
            .selectFrom('attempts as other')
            .select('other.id')
            .whereRef('other.provider', '=', 'attempts.provider')
            .where('other.operation_id', '=', operation.id)
            .where('other.id', '!=', attemptId),
        ),
      ),
    )
    .returning('id')
    .executeTakeFirst()
  if (!recorded) throw new OperationTaken('another attempt has this job')
}

/** The provider refused the create call. A job that was found meanwhile stays. */
export async function recordRefusal(statements: Statements, attemptId: string, { endReason, now }: Ended): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state: 'refused', end_reason: endReason, ended_at: now })
    .where((row) => row.and({ id: attemptId, operation: null }))
    .execute()
}
