import type { Transaction } from 'kysely'

import { hold, release } from '../../billing/ledger.ts'
import type { AttemptState } from '../../domain/generation-state.ts'
import type { Database } from '../../storage/database.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import type { RunContext } from '../run/context.ts'
import { mayBeJob } from '../store/attempts.ts'
import { reservationOf } from '../store/generation-rows.ts'
import { updateRowIf } from '../store/generations.ts'
import { notNotified } from '../store/notifications.ts'

/** These count as running at their provider. */
const running = ['submitting', 'rendering'] as const

/**
 * Ends what this process claimed and cannot read: no run will do so, and two such rows would stop their provider for ever. Released where no attempt may
 * be a job, else held. There is no telling what its card would say.
 */
export async function settleUnreadable(
  { database, owner, clock, log }: Pick<RunContext, 'database' | 'owner' | 'clock' | 'log'>,
  /** Whether a run of it is still under way, which may yet learn of a job. */
  isRunning: (generationId: string) => boolean,
): Promise<void> {
  const ids = [...database.setAside.ids].filter((id) => !isRunning(id))
  if (ids.length === 0) return
  const rows = await database.statements
    .selectFrom('generations')
    .select(['id', 'state'])
    .where('owner', '=', owner)
    .where('state', 'in', running)
    .where('id', 'in', ids)
    .execute()
  for (const { id, state } of rows) {
    const settled = await settleRow(database, { id, state, owner }, clock.now())
    if (!settled) continue
    const fields = { generation: id, reference: settled.reference, state: settled.state }
    log.error(fields, 'a claimed request cannot be read: released, or held if its provider may have billed')
  }
}

/** Undefined if it has another owner now. */
function settleRow(database: Database, claim: Pick<GenerationRow, 'id' | 'state'> & { owner: string }, now: number) {
  return database.transaction(async (transaction) => {
    // Changes nothing, but locks the row: no attempt of it can be opened or sent any more.
    if (!(await updateRowIf(transaction, claim, { state: claim.state }))) return undefined
    const isJob = await closeAttempts(transaction, claim.id, now)
    const end = { state: isJob ? 'held' : 'failed', end_reason: 'internal', ended_at: now, ...notNotified } as const
    const settled = await updateRowIf(transaction, claim, end)
    if (settled) await (isJob ? hold : release)(transaction, reservationOf(settled), now)
    return settled
  })
}

/** Returns whether one may be a job. Each that was not sent has failed; the others are unknown, so that they are polled again. */
async function closeAttempts(transaction: Transaction<Schema>, generationId: string, now: number): Promise<boolean> {
  const close = (from: readonly AttemptState[], state: AttemptState) =>
    transaction
      .updateTable('attempts')
      .set({ state, end_reason: 'internal', ended_at: now })
      .where('generation_id', '=', generationId)
      .where('state', 'in', from)
      .returning('id')
      .execute()
  await close(['preparing'], 'failed')
  return (await close(mayBeJob, 'unknown')).length > 0
}
