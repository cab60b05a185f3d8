import type { Database, Statements } from '../storage/database.ts'
import { latestAttempt, recordOperation } from './attempts.ts'
import type { Generation } from './generation.ts'
import { operationFromWebhook } from './inbox.ts'
import { findLateAnswers } from './late-answers.ts'
import type { Parts } from './parts.ts'
import { reservationOf, toGeneration } from './rows.ts'
import { findLateWords } from './slow-watch.ts'
import { capture, refundGuild, release } from '../quota/ledger.ts'

/** The operator's word on a held generation, after a look at the host's bill. */
export type HeldDecision = 'free' | 'billed'

/** Everything that is held, the oldest first. */
export async function listHeld(statements: Statements): Promise<Generation[]> {
  const rows = await statements.selectFrom('generations').selectAll().where('state', '=', 'held').orderBy('id').execute()
  return rows.map(toGeneration)
}

/** Leaves the operator's word for the bot, which acts on it at its next look. False if nothing of that reference is held and undecided. */
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

/** Carries out what the operator decided: the reservation is released, or captured with the guild refunded (it got no clip). */
export async function settleDecided({ database, clock, delivery, log }: Parts): Promise<void> {
  const decided = await database.statements
    .selectFrom('generations')
    .select('id')
    .where('state', '=', 'held')
    .where('held_decision', 'is not', null)
    .execute()
  for (const { id } of decided) {
    const settled = await settleOne(database, id, clock.now())
    if (!settled) continue
    log.info({ generation: id, reference: settled.reference, captured: settled.captured }, 'a held generation was settled by the operator')
    await delivery.end(settled, { now: clock.now() })
  }
}

async function settleOne(database: Database, id: string, now: number): Promise<Generation | undefined> {
  const row = await database.transaction(async (transaction) => {
    const held = await transaction
      .updateTable('generations')
      .set((generations) => ({
        state: 'failed',
        ended_at: now,
        // The member knows that it was held, and not yet how it ended.
        noticed_at: null,
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

/**
 * The held generations of which the host has spoken by now, by a late webhook or when asked again: taken up as their owner, to be watched to
 * their end.
 */
export async function reviveHeld(parts: Parts, signal: AbortSignal): Promise<Generation[]> {
  const { database, providers, owner, log } = parts
  const revived: Generation[] = []
  const waiting = await database.statements
    .selectFrom('webhook_events')
    .innerJoin('attempts', 'attempts.id', 'webhook_events.attempt_id')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select('generations.id')
    .distinct()
    .where('generations.state', '=', 'held')
    .where('generations.held_decision', 'is', null)
    // What came before it was held was heard then, unless the job itself was still unknown.
    .where((webhook) =>
      webhook.or([
        webhook('attempts.operation', 'is', null),
        webhook('webhook_events.received_at', '>=', webhook.ref('generations.ended_at')),
      ]),
    )
    .execute()
  const spoken = new Set([
    ...waiting.map(({ id }) => id),
    ...(await findLateAnswers(database.statements)),
    ...(await findLateWords(parts, signal)),
  ])
  for (const id of spoken) {
    const attempt = await latestAttempt(database.statements, id)
    const provider = attempt && providers.get(attempt.provider)
    if (!attempt || !provider) continue
    const operation = attempt.operation ?? (await operationFromWebhook(database.statements, attempt, provider, signal))
    if (!operation) continue
    await recordOperation(database.statements, attempt.id, operation)
    const row = await database.statements
      .updateTable('generations')
      .set({ state: 'rendering', owner, ended_at: null, end_reason: null, noticed_at: null })
      .where('id', '=', id)
      .where('state', '=', 'held')
      .where('held_decision', 'is', null)
      .returningAll()
      .executeTakeFirst()
    if (!row) continue
    log.info({ generation: id, reference: row.reference }, 'a held generation is taken up again: its host has spoken')
    revived.push(toGeneration(row))
  }
  return revived
}
