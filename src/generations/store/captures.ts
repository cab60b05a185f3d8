import type { Transaction } from 'kysely'

import { capture } from '../../billing/ledger.ts'
import type { ProviderCost } from '../../billing/parse-provider-cost.ts'
import { createGroupCommit } from '../../storage/group-commit.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import { notIndexed, valueById } from '../../storage/value-by-id.ts'
import type { Generation } from '../model/generation.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import type { Attempt } from './attempts.ts'
import { toGeneration } from './generations.ts'

/** A job that its provider completed. */
export interface CompletedJob {
  generationId: string
  attempt: Pick<Attempt, 'id'>
  owner: string
  cost: ProviderCost
  output: { url: string | null; expiresAt: number; flagged: boolean }
  now: number
}

/** Jobs that are completed at the same time: their states, the ledger, the wallets and their attempts change together. */
export const captureInGroup = createGroupCommit(async (transaction, jobs: readonly CompletedJob[]) => {
  const rows = await startDelivery(transaction, jobs)
  const delivering = new Map(rows.map((row) => [row.id, toGeneration(row)]))
  const settled = jobs.flatMap((job) => {
    const generation = delivering.get(job.generationId)
    return generation ? [{ ...job, generation }] : []
  })
  if (settled.length > 0) await closeCompleted(transaction, settled)
  // Last: the wallets are locked until the commit.
  const now = Math.max(...jobs.map((job) => job.now))
  await capture(
    transaction,
    settled.map(({ generation, cost }) => ({ reservation: generation, cost: cost.booked })),
    now,
  )
  return jobs.map(({ generationId: id }) => (): Generation => {
    const generation = delivering.get(id)
    if (!generation) throw new LeaseLost(`generation ${id} is no longer rendering for this process`)
    return generation
  })
})

/** The fence: only what still renders for its owner. */
function startDelivery(transaction: Transaction<Schema>, jobs: readonly CompletedJob[]): Promise<GenerationRow[]> {
  const ofEach = <Value>(value: (job: CompletedJob) => Value) => jobs.map((job) => [job.generationId, value(job)] as const)
  return transaction
    .updateTable('generations')
    .set({
      state: 'delivering',
      captured: 1,
      output_url: valueById(ofEach(({ output }) => output.url)),
      output_expires_at: valueById(
        ofEach(({ output }) => output.expiresAt),
        'bigint',
      ),
      output_flagged: valueById(
        ofEach(({ output }) => (output.flagged ? 1 : 0)),
        'bigint',
      ),
    })
    .where(
      'id',
      'in',
      jobs.map(({ generationId }) => generationId),
    )
    .where('owner', '=', valueById(ofEach(({ owner }) => owner)))
    .where('state', '=', notIndexed('rendering'))
    .returningAll()
    .execute()
}

async function closeCompleted(transaction: Transaction<Schema>, jobs: readonly CompletedJob[]): Promise<void> {
  const ofEach = <Value>(value: (job: CompletedJob) => Value) => jobs.map((job) => [job.attempt.id, value(job)] as const)
  await transaction
    .updateTable('attempts')
    .set({
      state: 'completed',
      ended_at: valueById(
        ofEach(({ now }) => now),
        'bigint',
      ),
      provider_cost: valueById(
        ofEach(({ cost }) => cost.reported ?? null),
        'bigint',
      ),
      implausible_cost: valueById(ofEach(({ cost }) => cost.implausible ?? null)),
    })
    .where(
      'id',
      'in',
      jobs.map(({ attempt }) => attempt.id),
    )
    .execute()
}
