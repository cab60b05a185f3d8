import type { Transaction } from 'kysely'

import type { AttemptState } from '../../domain/generation-state.ts'
import { bookDifference, capture, hold, refundGuild, release } from '../../billing/ledger.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'
import type { Schema } from '../../storage/schema.ts'
import { closeAttempt, latestAttempt } from '../store/attempts.ts'
import type { Outcome, Settlement } from '../model/outcome.ts'
import type { EndReason, Generation } from '../model/generation.ts'
import type { RunContext } from './context.ts'
import { type Cancellation, transition, updateIf } from '../store/generations.ts'
import type { Submitted } from './submit.ts'
import type { Completed } from './watch.ts'

/** An attempt in one of these states ends with its generation. */
const openStates: readonly AttemptState[] = ['preparing', 'sent', 'accepted']

/** The provider is done: state, ledger and attempt change together. From here on the money is spent, whatever happens to the delivery. */
export async function captureCompleted(
  { generation, attempt }: Submitted,
  completed: Completed,
  { database, owner, clock }: RunContext,
): Promise<Generation> {
  const { id } = generation
  return database.transaction(async (transaction) => {
    const settled = await transition(
      transaction,
      { id, owner, state: 'rendering' },
      { state: 'delivering', output_url: completed.url, captured: 1 },
    )
    await capture(transaction, settled, clock.now())
    if (completed.cost !== undefined) await bookDifference(transaction, settled, completed.cost, clock.now())
    await closeAttempt(transaction, attempt.id, { state: 'completed', providerCost: completed.cost, now: clock.now() })
    return settled
  })
}

/** The generation ends without a clip (or is held): state, ledger and attempt change together. */
export async function settleOutcome(generation: Generation, outcome: Outcome, { database, owner, clock }: RunContext): Promise<Generation> {
  const now = clock.now()
  const { id, state, captured } = generation
  return database.transaction(async (transaction) => {
    const settled = await transition(
      transaction,
      { id, owner, state },
      {
        state: outcome.state,
        ended_at: now,
        end_reason: outcome.reason,
        notified_at: null,
        captured: captured || outcome.settlement === 'capture' || outcome.settlement === 'refund' ? 1 : 0,
      },
    )
    await settleMoney(transaction, generation, outcome.settlement, now)
    const attempt = await latestAttempt(transaction, id)
    if (attempt && openStates.includes(attempt.state)) {
      const attemptState = outcome.state === 'held' ? 'unknown' : outcome.state
      await closeAttempt(transaction, attempt.id, { state: attemptState, endReason: outcome.reason, now })
    }
    return settled
  })
}

/** Puts the generation into the queue of another provider, where caps and create-rates apply as to any other. The reservation stays. */
export function requeue({ id }: Generation, next: ProviderId, { database, owner }: RunContext): Promise<Generation> {
  return transition(database.statements, { id, owner, state: 'submitting' }, { state: 'queued', provider: next, owner: null })
}

/** Cancels a queued generation. Undefined if it is no longer queued: then its owner must be notified. */
export function cancelQueued(database: Database, id: string, { by, now }: Cancellation): Promise<Generation | undefined> {
  return endQueued(database, id, { state: 'cancelled', end_reason: 'cancelled-by-member', cancelled_by: by, now })
}

/** Ends a queued generation, with nothing charged. Undefined if it is no longer queued. */
export function endQueued(
  database: Database,
  id: string,
  { now, ...end }: { state: 'cancelled' | 'failed'; end_reason: EndReason; cancelled_by?: Cancellation['by']; now: number },
): Promise<Generation | undefined> {
  return database.transaction(async (transaction) => {
    const ended = await updateIf(transaction, { id, state: 'queued' }, { ...end, ended_at: now })
    if (ended) await release(transaction, ended, now)
    return ended
  })
}

/** `generation` as it was before its outcome: what was captured is not captured again. */
async function settleMoney(transaction: Transaction<Schema>, generation: Generation, settlement: Settlement, now: number): Promise<void> {
  if (settlement === 'release') return release(transaction, generation, now)
  if (settlement === 'hold') return hold(transaction, generation, now)
  if (!generation.captured) await capture(transaction, generation, now)
  if (settlement === 'refund') await refundGuild(transaction, generation, now)
}
