import type { Transaction } from 'kysely'

import type { AttemptState } from '../../domain/generation-state.ts'
import { bookDifference, capture, hold, refundGuild, release } from '../../billing/ledger.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import { closeAttempt, latestAttempt } from '../store/attempts.ts'
import type { Outcome, Settlement } from '../model/outcome.ts'
import type { EndReason, Generation } from '../model/generation.ts'
import type { RunContext } from './context.ts'
import { reservationOf, toGeneration } from '../store/rows.ts'
import { type Cancellation, transition } from '../store/generations.ts'
import type { Submitted } from './submit.ts'
import type { Completed } from './watch.ts'

/** The provider is done: state, ledger and attempt change together. From here on the money is spent, whatever happens to the delivery. */
export async function captureCompleted(
  { generation, attempt }: Submitted,
  completed: Completed,
  { database, owner, clock }: RunContext,
): Promise<Generation> {
  const row = await database.transaction(async (transaction) => {
    const settled = await transition(transaction, {
      id: generation.id,
      owner,
      from: 'rendering',
      to: 'delivering',
      set: { output_url: completed.url, captured: 1 },
    })
    await capture(transaction, reservationOf(settled), clock.now())
    if (completed.cost !== undefined) await bookDifference(transaction, reservationOf(settled), completed.cost, clock.now())
    await closeAttempt(transaction, attempt.id, { state: 'completed', providerCost: completed.cost, now: clock.now() })
    return settled
  })
  return toGeneration(row)
}

/** The generation ends without a clip (or is held): state, ledger and attempt change together. */
export async function settleOutcome(generation: Generation, outcome: Outcome, { database, owner, clock }: RunContext): Promise<Generation> {
  const now = clock.now()
  const row = await database.transaction(async (transaction) => {
    const settled = await transition(transaction, {
      id: generation.id,
      owner,
      from: generation.state,
      to: outcome.state,
      set: {
        ended_at: now,
        end_reason: outcome.reason,
        notified_at: null,
        captured: generation.captured || outcome.settlement === 'capture' || outcome.settlement === 'refund' ? 1 : 0,
      },
    })
    await settleMoney(transaction, settled, outcome.settlement, generation.captured, now)
    const attempt = await latestAttempt(transaction, generation.id)
    if (attempt && isOpen(attempt.state)) {
      await closeAttempt(transaction, attempt.id, { state: attemptStateOf(outcome), endReason: outcome.reason, now })
    }
    return settled
  })
  return toGeneration(row)
}

/** Puts the generation into the queue of another provider, where caps and create-rates apply as to any other. The reservation stays. */
export async function requeue(generation: Generation, next: ProviderId, { database, owner }: RunContext): Promise<Generation> {
  const row = await transition(database.statements, {
    id: generation.id,
    owner,
    from: 'submitting',
    to: 'queued',
    set: { provider: next, owner: null },
  })
  return toGeneration(row)
}

/** Cancels a queued generation. Undefined if it is no longer queued: then its owner must be notified. */
export function cancelQueued(database: Database, id: string, { by, now }: Cancellation): Promise<Generation | undefined> {
  return endQueued(database, id, { state: 'cancelled', reason: 'cancelled-by-member', cancelledBy: by, now })
}

interface EndOfQueued extends Pick<Partial<Generation>, 'cancelledBy'> {
  state: 'cancelled' | 'failed'
  reason: EndReason
  now: number
}

/** Ends a queued generation, with nothing charged. Undefined if it is no longer queued. */
export async function endQueued(
  database: Database,
  id: string,
  { state, reason, now, cancelledBy }: EndOfQueued,
): Promise<Generation | undefined> {
  const row = await database.transaction(async (transaction) => {
    const ended = await transaction
      .updateTable('generations')
      .set({ state, ended_at: now, end_reason: reason, ...(cancelledBy && { cancelled_by: cancelledBy }) })
      .where('id', '=', id)
      .where('state', '=', 'queued')
      .returningAll()
      .executeTakeFirst()
    if (ended) await release(transaction, reservationOf(ended), now)
    return ended
  })
  return row && toGeneration(row)
}

async function settleMoney(
  transaction: Transaction<Schema>,
  row: GenerationRow,
  settlement: Settlement,
  alreadyCaptured: boolean,
  now: number,
): Promise<void> {
  const reservation = reservationOf(row)
  if (settlement === 'release') return release(transaction, reservation, now)
  if (settlement === 'hold') return hold(transaction, reservation, now)
  if (!alreadyCaptured) await capture(transaction, reservation, now)
  if (settlement === 'refund') await refundGuild(transaction, reservation, now)
}

function isOpen(state: AttemptState): boolean {
  return state === 'preparing' || state === 'sent' || state === 'accepted'
}

function attemptStateOf(outcome: Outcome): AttemptState {
  return outcome.state === 'held' ? 'unknown' : outcome.state
}
