import type { Transaction } from 'kysely'

import type { AttemptState } from '../../domain/generation-state.ts'
import { assume, capture, hold, refundGuild, release } from '../../billing/ledger.ts'
import { type ProviderCost, readProviderCost } from '../../billing/parse-provider-cost.ts'
import type { MicroUsd } from '../../domain/money.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'
import { candidatesColumn } from '../../storage/json-columns.ts'
import type { Schema } from '../../storage/schema.ts'
import { captureInGroup } from '../store/captures.ts'
import { type Attempt, closeAttempt, latestAttempt } from '../store/attempts.ts'
import { type FailOver, Outcome, type Settlement } from '../model/outcome.ts'
import type { EndReason, Generation } from '../model/generation.ts'
import { outputExpiry } from '../model/output-lifetime.ts'
import type { RunContext } from './context.ts'
import { reservationOf } from '../store/generation-rows.ts'
import { asOwner, type Cancellation, toGeneration, transition, updateRowIf } from '../store/generations.ts'
import { notNotified } from '../store/notifications.ts'
import type { Submitted } from './submit.ts'
import type { Completed } from './watch.ts'

type CaptureContext = SettleContext & Pick<RunContext, 'providers' | 'outputLifetimes' | 'log'>
type SettleContext = Pick<RunContext, 'database' | 'owner'> & { clock: Pick<RunContext['clock'], 'now'> }

/** An attempt in one of these states ends with its generation. */
const openStates: readonly AttemptState[] = ['preparing', 'sent', 'accepted']
/** After one of these the installation has spent the price. */
const spendingSettlements: readonly Settlement[] = ['capture', 'refund', 'assume']

/** The provider is done: state, ledger and attempt change together. From here on the money is spent, whatever happens to the delivery. */
export async function captureCompleted(
  { generation, attempt }: Submitted,
  completed: Completed,
  context: CaptureContext,
): Promise<Generation> {
  const { database, owner, clock, outputLifetimes } = context
  const listed = listedPrice(generation, attempt, context)
  const cost = readProviderCost(completed.cost, listed)
  const now = clock.now()
  const output = {
    url: completed.url ?? null,
    expiresAt: outputExpiry(generation, outputLifetimes, now),
    flagged: completed.flagged ?? false,
  }
  const captured = await captureInGroup(database, { generationId: generation.id, attempt, owner, cost, output, now })
  warnOfImplausible(cost, { generation, attempt, listed }, context)
  if (completed.flagged) warnOfFlagged(captured, context)
  return captured
}

export function warnOfFlagged({ id, reference, provider }: Generation, { log }: Pick<RunContext, 'log'>): void {
  log.warn({ generation: id, reference, provider }, 'the content check of the provider flagged a clip: posting it as a spoiler')
}

/** What the provider of this attempt lists for the request. */
export function listedPrice({ price, request }: Generation, attempt: Attempt, { providers }: Pick<RunContext, 'providers'>): MicroUsd {
  return providers.get(attempt.provider)?.price(request) ?? price
}

export function warnOfImplausible(
  { implausible: printed }: ProviderCost,
  { generation, attempt, listed }: { generation: Generation; attempt: Attempt; listed: MicroUsd },
  { log }: Pick<RunContext, 'log'>,
): void {
  if (printed === undefined) return
  const fields = { generation: generation.id, reference: generation.reference, provider: attempt.provider, printed, listed }
  log.error(fields, 'implausible cost from the provider: booked as listed; check its invoice')
}

/** The generation ends without a clip (or is held): state, ledger and attempt change together. */
export async function settleOutcome(
  generation: Generation,
  outcome: Outcome,
  { database, owner, clock }: SettleContext,
): Promise<Generation> {
  const now = clock.now()
  const { id, state, captured, guildReleased } = generation
  return database.transaction(async (transaction) => {
    const settled = await transition(
      transaction,
      { id, owner, state },
      {
        state: outcome.state,
        ended_at: now,
        end_reason: outcome.reason,
        provider: outcome.provider ?? generation.provider,
        ...notNotified,
        captured: captured || spendingSettlements.includes(outcome.settlement) ? 1 : 0,
        ...(outcome.settlement === 'assume' && !guildReleased && { guild_released_at: now }),
      },
    )
    await settleMoney(transaction, { ...settled, captured, guildReleased }, outcome.settlement, now)
    const attempt = await latestAttempt(transaction, id)
    if (attempt && openStates.includes(attempt.state)) {
      const attemptState = outcome.state === 'held' ? 'unknown' : outcome.state
      await closeAttempt(transaction, { attempt, owner }, { state: attemptState, endReason: outcome.reason, now })
    }
    return settled
  })
}

/**
 * Puts the generation back into the queue for other candidates, where caps and create-rates apply as to any other; the job that failed is closed. The
 * reservation stays. Throws the outcome if a cancel was requested meanwhile.
 */
export function requeue(
  { id, state }: Generation,
  { candidates, cause }: FailOver,
  { database, owner, clock }: SettleContext,
): Promise<Generation> {
  const [provider] = candidates
  return database.transaction(async (transaction) => {
    // Changes nothing: it is the fence, and locks the row.
    const current = await transition(transaction, { id, owner, state }, { state })
    if (current.cancelRequestedAt !== undefined) throw new Outcome('cancelled', 'cancelled-by-member', 'release')
    const attempt = await latestAttempt(transaction, id)
    if (attempt && openStates.includes(attempt.state))
      await closeAttempt(transaction, { attempt, owner }, { state: 'failed', endReason: cause.kind, now: clock.now() })
    const set = { state: 'queued', owner: null, provider, candidates: candidatesColumn.stringify(candidates) } as const
    return transition(transaction, { id, owner, state }, set)
  })
}

/** Puts the generation back into the queue, as it was before it was claimed. Throws the outcome if a cancel was requested meanwhile. */
export function returnToQueue(
  { id, provider, candidates }: Generation,
  { database, owner }: Omit<SettleContext, 'clock'>,
): Promise<Generation> {
  const claim = { id, owner, state: 'submitting' } as const
  return asOwner(database, claim, async (transaction) => {
    const queued = await transition(transaction, claim, { state: 'queued', owner: null, provider: candidates[0] ?? provider })
    if (queued.cancelRequestedAt !== undefined) throw new Outcome('cancelled', 'cancelled-by-member', 'release')
    return queued
  })
}

/** Cancels a queued generation. Undefined if it is no longer queued: then its owner must be notified. */
export function cancelQueued(database: Database, id: string, { by, now }: Cancellation): Promise<Generation | undefined> {
  return endQueued(database, id, { state: 'cancelled', end_reason: 'cancelled-by-member', cancelled_by: by, now })
}

interface QueuedEnd {
  state: 'cancelled' | 'failed'
  end_reason: EndReason
  cancelled_by?: Cancellation['by']
  /** The one that is the reason. */
  provider?: ProviderId
}

/**
 * Ends a queued generation, with nothing charged. Undefined if it is no longer queued. A row that does not parse is ended and released all the same;
 * only then is the `StoredRowError` thrown.
 */
export async function endQueued(
  database: Database,
  id: string,
  { now, ...end }: QueuedEnd & { now: number },
): Promise<Generation | undefined> {
  const row = await database.transaction(async (transaction) => {
    const ended = await updateRowIf(transaction, { id, state: 'queued' }, { ...end, ended_at: now })
    if (ended) await release(transaction, reservationOf(ended), now)
    return ended
  })
  return row && toGeneration(row)
}

/** `captured` and `guildReleased` as they were before its outcome: what was captured or released is not again. */
async function settleMoney(transaction: Transaction<Schema>, generation: Generation, settlement: Settlement, now: number): Promise<void> {
  if (settlement === 'release') return release(transaction, generation, now)
  if (settlement === 'hold') return hold(transaction, generation, now)
  if (settlement === 'assume') return assume(transaction, generation, now)
  if (!generation.captured) await capture(transaction, [{ reservation: generation }], now)
  if (settlement === 'refund') await refundGuild(transaction, generation, now)
}
