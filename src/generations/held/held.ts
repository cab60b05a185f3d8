import { capture, refundGuild, release } from '../../billing/ledger.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { HeldDecision } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext } from '../run/context.ts'
import { reservationOf, toGeneration } from '../store/rows.ts'

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
    .where('reference', '=', reference)
    .where('state', '=', 'held')
    .where('held_decision', 'is', null)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Settles what the operator decided: the reservation is released, or captured with the guild refunded (it got no clip). */
export async function settleDecided({ database, clock, delivery, log }: RunContext): Promise<void> {
  const decided = await database.statements
    .selectFrom('generations')
    .select('id')
    .where('state', '=', 'held')
    .where('held_decision', 'is not', null)
    .execute()
  for (const { id } of decided) {
    const settled = await settleOne(database, id, clock.now())
    if (!settled) continue
    log.info(
      { generation: id, reference: settled.reference, captured: settled.captured },
      'settled a held generation as the operator decided',
    )
    await delivery.postOutcome(settled, { now: clock.now() })
  }
}

async function settleOne(database: Database, id: string, now: number): Promise<Generation | undefined> {
  const row = await database.transaction(async (transaction) => {
    const held = await transaction
      .updateTable('generations')
      .set((generations) => ({
        state: 'failed',
        ended_at: now,
        end_reason: 'settled-by-operator',
        // The member was notified that it is held, but not yet of how it ended.
        notified_at: null,
        captured: generations.case().when('held_decision', '=', 'billed').then(generations.lit(1)).else(generations.lit(0)).end(),
      }))
      .where('id', '=', id)
      .where('state', '=', 'held')
      .returningAll()
      .executeTakeFirst()
    if (!held) return undefined
    if (held.held_decision === 'billed') {
      await capture(transaction, reservationOf(held), now)
      await refundGuild(transaction, reservationOf(held), now)
    } else {
      await release(transaction, reservationOf(held), now)
    }
    return held
  })
  return row && toGeneration(row)
}
