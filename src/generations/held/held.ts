import { capture, refundGuild, release } from '../../billing/ledger.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { HeldDecision } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext } from '../run/context.ts'
import { toGeneration, updateIf } from '../store/generations.ts'

/** All held generations, the oldest first. */
export async function listHeld(statements: Statements): Promise<Generation[]> {
  const rows = await statements.selectFrom('generations').selectAll().where('state', '=', 'held').orderBy('id').execute()
  return rows.map(toGeneration)
}

/** Stores the operator's decision; the bot settles it at its next check. False if no undecided generation of that reference is held. */
export async function decideHeld(statements: Statements, reference: string, decision: HeldDecision): Promise<boolean> {
  const row = await statements
    .updateTable('generations')
    .set({ held_decision: decision })
    .where((row) => row.and({ reference, state: 'held', held_decision: null }))
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Settles what the operator decided: the reservation is released, or captured with the guild refunded (it got no clip). */
export async function settleDecided({ database, clock, delivery, log }: RunContext): Promise<void> {
  const decided = await database.statements
    .selectFrom('generations')
    .select(['id', 'held_decision'])
    .where('state', '=', 'held')
    .where('held_decision', 'is not', null)
    .execute()
  for (const { id, held_decision: decision } of decided) {
    const settled = decision && (await settleOne(database, { id, decision, now: clock.now() }))
    if (!settled) continue
    log.info(
      { generation: id, reference: settled.reference, captured: settled.captured },
      'settled a held generation as the operator decided',
    )
    await delivery.postOutcome(settled, { now: clock.now() })
  }
}

function settleOne(
  database: Database,
  { id, decision, now }: { id: string; decision: HeldDecision; now: number },
): Promise<Generation | undefined> {
  const isBilled = decision === 'billed'
  return database.transaction(async (transaction) => {
    const settled = await updateIf(
      transaction,
      { id, state: 'held', held_decision: decision },
      // The member was notified that it is held, but not yet of how it ended.
      { state: 'failed', ended_at: now, end_reason: 'settled-by-operator', notified_at: null, captured: isBilled ? 1 : 0 },
    )
    if (!settled) return undefined
    if (isBilled) {
      await capture(transaction, settled, now)
      await refundGuild(transaction, settled, now)
    } else {
      await release(transaction, settled, now)
    }
    return settled
  })
}
