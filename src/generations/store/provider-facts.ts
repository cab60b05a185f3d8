import type { Transaction } from 'kysely'

import type { ProviderId } from '../../domain/provider-id.ts'
import type { Operation } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { createGroupCommit } from '../../storage/group-commit.ts'
import { operationColumn } from '../../storage/json-columns.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import { notIndexed, valueById } from '../../storage/value-by-id.ts'
import type { Generation } from '../model/generation.ts'
import type { Attempt, Ended } from './attempts.ts'
import { toGeneration } from './generations.ts'

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

/** A create call that its provider accepted. */
export interface AcceptedJob {
  attempt: Pick<Attempt, 'id' | 'generationId' | 'provider'>
  operation: Operation
  owner: string
  now: number
}

/**
 * The same for a job that is to be watched from here on: its generation renders, if it still is the owner's; otherwise undefined, and only the job is
 * recorded. May be repeated after a lost response.
 */
export const recordAccepted = createGroupCommit(async (transaction, jobs: readonly AcceptedJob[]) => {
  const free = await withoutTaken(transaction, jobs)
  // Generations before their attempts, as everywhere: otherwise two processes could wait for each other.
  const rows = await startRendering(transaction, free)
  const recorded = new Set(await storeOperations(transaction, free))
  const rendering = new Map(rows.map((row) => [row.id, row]))
  return jobs.map(({ attempt }) => (): Generation | undefined => {
    if (!recorded.has(attempt.id)) throw new OperationTaken('another attempt has this job')
    const row = rendering.get(attempt.generationId)
    // What the provider said is stored, whether or not the row can be read.
    return row && toGeneration(row)
  })
})

async function withoutTaken(transaction: Transaction<Schema>, jobs: readonly AcceptedJob[]): Promise<AcceptedJob[]> {
  const keyOf = (provider: ProviderId, operationId: string) => JSON.stringify([provider, operationId])
  const rows = await transaction
    .selectFrom('attempts')
    .select(['id', 'provider', 'operation_id'])
    .where('provider', 'in', [...new Set(jobs.map(({ attempt }) => attempt.provider))])
    .where(
      'operation_id',
      'in',
      jobs.map(({ operation }) => operation.id),
    )
    .execute()
  const holders = new Map(rows.map(({ id, provider, operation_id: operationId }) => [keyOf(provider, operationId ?? ''), id]))
  // Two of these that name the same job violate a unique index: then each is tried alone.
  return jobs.filter(({ attempt, operation }) => (holders.get(keyOf(attempt.provider, operation.id)) ?? attempt.id) === attempt.id)
}

/** Returns the ids of the attempts. */
async function storeOperations(transaction: Transaction<Schema>, jobs: readonly AcceptedJob[]): Promise<string[]> {
  if (jobs.length === 0) return []
  const rows = await transaction
    .updateTable('attempts')
    .set({
      state: 'accepted',
      operation: valueById(jobs.map(({ attempt, operation }) => [attempt.id, operationColumn.stringify(operation)])),
      operation_id: valueById(jobs.map(({ attempt, operation }) => [attempt.id, operation.id])),
    })
    .where(
      'id',
      'in',
      jobs.map(({ attempt }) => attempt.id),
    )
    .returning('id')
    .execute()
  return rows.map(({ id }) => id)
}

async function startRendering(transaction: Transaction<Schema>, jobs: readonly AcceptedJob[]): Promise<GenerationRow[]> {
  if (jobs.length === 0) return []
  return transaction
    .updateTable('generations')
    .set({
      state: 'rendering',
      started_at: valueById(
        jobs.map(({ attempt, now }) => [attempt.generationId, now]),
        'bigint',
      ),
    })
    .where(
      'id',
      'in',
      jobs.map(({ attempt }) => attempt.generationId),
    )
    .where('owner', '=', valueById(jobs.map(({ attempt, owner }) => [attempt.generationId, owner])))
    .where('state', 'in', [notIndexed('submitting'), notIndexed('rendering')])
    .returningAll()
    .execute()
}

/** The provider refused the create call. A job that was found meanwhile stays. */
export async function recordRefusal(statements: Statements, attemptId: string, { endReason, now }: Ended): Promise<void> {
  await statements
    .updateTable('attempts')
    .set({ state: 'refused', end_reason: endReason, ended_at: now })
    .where((row) => row.and({ id: attemptId, operation: null }))
    .execute()
}
