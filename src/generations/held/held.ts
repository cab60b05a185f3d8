import type { Operation, Provider } from '../../providers/provider.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { GenerationRow, HeldDecision } from '../../storage/schema.ts'
import { type Attempt, latestAttempt, recordOperation } from '../store/attempts.ts'
import type { Generation } from '../model/generation.ts'
import { forgetEvents, operationFromWebhook } from '../store/webhook-events.ts'
import { findLateAnswers } from './late-responses.ts'
import type { RunContext } from '../run/context.ts'
import { reservationOf, toGeneration } from '../store/rows.ts'
import { findLateWords } from './recheck.ts'
import { capture, refundGuild, release } from '../../billing/ledger.ts'

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
    log.info({ generation: id, reference: settled.reference, captured: settled.captured }, 'a held generation was settled by the operator')
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
        // The member knows that it was held, and not yet how it ended.
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

export interface Revival {
  /** Is its story still running here (writing its last card)? Two must not write the same card. */
  isBusy: (generationId: string) => boolean
  /** Called for each as soon as it is ours. */
  onRevived: (generation: Generation) => void
}

/**
 * Takes up, as their owner, the held generations of which the provider has spoken by now: by a late webhook, by an answer that came too late, or when asked
 * again. One that cannot be looked into keeps none of the others waiting.
 */
export async function reviveHeld(context: RunContext, signal: AbortSignal, { isBusy, onRevived }: Revival): Promise<void> {
  const { database, log } = context
  const announced = await findAnnounced(database.statements)
  const answered = await findLateAnswers(database.statements)
  const spoken = new Set([...answered, ...(await findLateWords(context, signal))])
  for (const id of new Set([...announced.map((event) => event.id), ...spoken])) {
    if (isBusy(id)) continue
    try {
      const attempt = await latestAttempt(database.statements, id)
      if (!attempt) continue
      const said = spoken.has(id) || (await isWorthTakingUp(attempt, announced, context, signal))
      const row = said && (await takeUp(attempt, context, signal))
      if (!row) continue
      log.info({ generation: id, reference: row.reference }, 'a held generation is taken up again: its provider has spoken')
      onRevived(toGeneration(row))
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ error, generation: id }, 'a held generation could not be looked into; trying again')
    }
  }
}

/** Does a webhook tell of this attempt something that was not known when it was held? */
async function isWorthTakingUp(
  attempt: Attempt,
  announced: readonly Announcement[],
  context: RunContext,
  signal: AbortSignal,
): Promise<boolean> {
  // A word about an earlier attempt, at another provider, changes nothing.
  if (!announced.some(({ attemptId }) => attemptId === attempt.id)) return false
  const provider = context.providers.get(attempt.provider)
  if (!provider || !attempt.operation || (await saysMore(provider, attempt.operation, signal))) return true
  // Heard, and it is what was known when it was held: taken up again it would only be held again.
  await forgetEvents(context.database.statements, attempt.id)
  return false
}

/** Makes a held generation ours, in the state that its provider's word leads to. Undefined if the provider said nothing of use, or somebody was quicker. */
async function takeUp(
  attempt: Attempt,
  { database, providers, owner }: RunContext,
  signal: AbortSignal,
): Promise<GenerationRow | undefined> {
  const provider = providers.get(attempt.provider)
  if (!provider) return undefined
  // Nothing was made after all: it goes on to the next provider, or ends with nothing due.
  const isRefused = attempt.state === 'refused'
  if (!isRefused) {
    const operation = attempt.operation ?? (await operationFromWebhook(database.statements, attempt, provider, signal))
    if (!operation) return undefined
    await recordOperation(database.statements, attempt.id, operation)
  }
  return database.statements
    .updateTable('generations')
    .set({ state: isRefused ? 'submitting' : 'rendering', owner, ended_at: null, end_reason: null, notified_at: null })
    .where('id', '=', attempt.generationId)
    .where('state', '=', 'held')
    .where('held_decision', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

interface Announcement {
  id: string
  attemptId: string
}

/** What webhooks have told since it was held; what came before was heard then, unless the job itself was still unknown. */
async function findAnnounced(statements: Statements): Promise<Announcement[]> {
  return statements
    .selectFrom('webhook_events')
    .innerJoin('attempts', 'attempts.id', 'webhook_events.attempt_id')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['generations.id', 'attempts.id as attemptId'])
    .distinct()
    .where('generations.state', '=', 'held')
    .where('generations.held_decision', 'is', null)
    .where((event) =>
      event.or([event('attempts.operation', 'is', null), event('webhook_events.received_at', '>=', event.ref('generations.ended_at'))]),
    )
    .execute()
}

/** Does the provider's word settle the matter by now? */
async function saysMore(provider: Provider, operation: Operation, signal: AbortSignal): Promise<boolean> {
  const status = await provider.status(operation, { signal })
  return status.state === 'completed' || status.state === 'failed' || (status.state === 'cancelled' && status.billed !== undefined)
}
