import { capture, refundGuild, release } from '../../billing/ledger.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { GenerationRow, HeldDecision } from '../../storage/schema.ts'
import { unlessUnreadable } from '../../storage/unreadable-rows.ts'
import { describeStep } from '../model/describe-step.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext } from '../run/context.ts'
import { reservationOf } from '../store/generation-rows.ts'
import { toGeneration, updateRowIf } from '../store/generations.ts'
import { notNotified } from '../store/notifications.ts'
import { releaseSilentShares } from './release-shares.ts'

/** What the operator needs to know of a held generation to look it up in the provider's invoice. */
export interface HeldRequest {
  reference: string
  price: number
  provider: ProviderId
  /** The provider's own, if it is known. */
  jobId: string | undefined
  guildId: string
  /** Milliseconds since the epoch. */
  heldAt: number
  reason: GenerationRow['end_reason']
  guildReleased: boolean
  /** Decided, but not settled yet. */
  decision: HeldDecision | undefined
}

/** All held generations, the oldest first. */
export async function listHeld(statements: Statements): Promise<HeldRequest[]> {
  const held = await statements.selectFrom('generations').selectAll().where('state', '=', 'held').orderBy('id').execute()
  const ids = held.map(({ id }) => id)
  const attempts = await statements
    .selectFrom('attempts')
    .select(['generation_id', 'operation_id'])
    .where('generation_id', 'in', ids.length > 0 ? ids : [''])
    .orderBy('id')
    .execute()
  // The later one replaces the earlier.
  const jobIds = new Map(attempts.map((attempt) => [attempt.generation_id, attempt.operation_id ?? undefined]))
  return held.map((row) => ({
    reference: row.reference,
    price: row.price,
    provider: row.provider,
    jobId: jobIds.get(row.id),
    guildId: row.guild_id,
    heldAt: row.ended_at ?? row.created_at,
    reason: row.end_reason,
    guildReleased: row.guild_released_at !== null,
    decision: row.held_decision ?? undefined,
  }))
}

/** Which held generations a decision is about: all that fit what is given. */
export interface HeldFilter {
  reference?: string | undefined
  provider?: ProviderId | undefined
  /** Held before this time, milliseconds since the epoch. */
  before?: number | undefined
}

/** Stores the operator's decision; the bot settles it at its next check. Returns the prices of those that were undecided and fit. */
export async function decideHeld(
  statements: Statements,
  { reference, provider, before }: HeldFilter,
  decision: HeldDecision,
): Promise<number[]> {
  const rows = await statements
    .updateTable('generations')
    .set({ held_decision: decision })
    .where('state', '=', 'held')
    .where('held_decision', 'is', null)
    .$if(reference !== undefined, (query) => query.where('reference', '=', reference ?? ''))
    .$if(provider !== undefined, (query) => query.where('provider', '=', provider ?? ''))
    .$if(before !== undefined, (query) => query.where((row) => row(row.fn.coalesce('ended_at', 'created_at'), '<', before ?? 0)))
    .returning('price')
    .execute()
  return rows.map(({ price }) => price)
}

type SettleContext = Pick<RunContext, 'database' | 'clock' | 'delivery' | 'log'>

/** Settles what the operator decided, and releases the guilds' shares of what shows no sign of a job. */
export async function settleHeld(context: SettleContext): Promise<void> {
  await settleDecided(context)
  await releaseSilentShares(context)
}

async function settleDecided({ database, clock, delivery, log }: SettleContext): Promise<void> {
  const decided = await database.statements
    .selectFrom('generations')
    .select(['id', 'held_decision'])
    .where('state', '=', 'held')
    .where('held_decision', 'is not', null)
    .execute()
  const settled: Generation[] = []
  for (const { id, held_decision: decision } of decided) {
    if (!decision) continue
    const settle = () => settleOne(database, { id, decision, now: clock.now() })
    const generation = await unlessUnreadable(settle, id, database.setAside)
    if (!generation) continue
    const { captured, provider } = generation
    log.info(
      { ...describeStep(generation, { provider, reason: 'settled-by-operator' }), captured },
      'settled a held generation as the operator decided',
    )
    settled.push(generation)
  }
  // All the money first: Discord may be slow, and one decision may be about many.
  for (const generation of settled) await delivery.postOutcome(generation, { now: clock.now() })
}

/**
 * The reservation is released, or captured with the guild refunded (it got no clip). One that cannot be read is settled all the same; only then is the
 * `StoredRowError` thrown.
 */
async function settleOne(
  database: Database,
  { id, decision, now }: { id: string; decision: HeldDecision; now: number },
): Promise<Generation | undefined> {
  const isBilled = decision === 'billed'
  const row = await database.transaction(async (transaction) => {
    const settled = await updateRowIf(
      transaction,
      { id, state: 'held', held_decision: decision },
      // The member was notified that it is held, but not yet of how it ended.
      { state: 'failed', ended_at: now, end_reason: 'settled-by-operator', ...notNotified, captured: isBilled ? 1 : 0 },
    )
    if (!settled) return undefined
    const reservation = reservationOf(settled)
    if (isBilled) {
      await capture(transaction, [{ reservation }], now)
      await refundGuild(transaction, reservation, now)
    } else {
      await release(transaction, reservation, now)
    }
    return settled
  })
  return row && toGeneration(row)
}
