import type { Transaction } from 'kysely'

import { bookedByInstallation, correct, type Correction, ImpossibleCorrection, isCorrected } from '../../billing/corrections.ts'
import { readProviderCost } from '../../billing/parse-provider-cost.ts'
import type { PrintedCost } from '../../providers/provider.ts'
import type { Schema } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'
import { type Attempt, updateAttempt } from '../store/attempts.ts'
import { asOwner } from '../store/generations.ts'
import type { RunContext } from './context.ts'
import { listedPrice, warnOfImplausible } from './settle.ts'

type LateContext = Pick<RunContext, 'database' | 'owner' | 'providers' | 'log'> & { clock: Pick<RunContext['clock'], 'now'> }

/** Why the bot itself corrects a sum; every other correction is the operator's. */
const reasons = { cost: 'reported by the provider after the capture', failure: 'failed after the capture, not billed' } as const

/** A cost that the provider reported only later, with a new address of the clip: what was booked as listed is corrected, once. */
export async function recordLateCost(
  generation: Generation,
  { attempt, cost: printed }: { attempt: Attempt; cost: PrintedCost },
  context: LateContext,
): Promise<void> {
  const { database, owner, clock } = context
  const listed = listedPrice(generation, attempt, context)
  const cost = readProviderCost(printed, listed)
  const record = (amount: number) =>
    asOwner(database, { id: generation.id, owner, state: 'delivering' }, async (transaction) => {
      const unknown = { id: attempt.id, state: 'completed', provider_cost: null, implausible_cost: null } as const
      const changed = await updateAttempt(transaction, unknown, { provider_cost: cost.reported, implausible_cost: cost.implausible })
      if (changed) await correctBooked(transaction, generation, { amount, reason: reasons.cost, now: clock.now() }, context)
      return changed
    })
  const recorded = await unlessImpossible(
    () => record(cost.booked - listed),
    generation,
    context,
    () => record(0),
  )
  if (recorded) warnOfImplausible(cost, { generation, attempt, listed }, context)
}

/** The provider reported later that the job failed, and billed nothing: nothing of it stays booked. */
export async function recordLateRefund(generation: Generation, context: LateContext): Promise<void> {
  const { database, owner, clock } = context
  const correctAll = () =>
    asOwner(database, { id: generation.id, owner, state: 'delivering' }, async (transaction) => {
      const amount = -(await bookedByInstallation(transaction, generation.id))
      await correctBooked(transaction, generation, { amount, reason: reasons.failure, now: clock.now() }, context)
    })
  await unlessImpossible(correctAll, generation, context, () => Promise.resolve())
}

/** The operator has seen the invoice: what they corrected stands. */
async function correctBooked(
  transaction: Transaction<Schema>,
  generation: Generation,
  correction: Omit<Correction, 'scope'>,
  { log }: Pick<RunContext, 'log'>,
): Promise<void> {
  if (correction.amount === 0) return
  if (await isCorrected(transaction, generation.id, Object.values(reasons))) warnOfCorrection(generation, log)
  else await correct(transaction, generation, { ...correction, scope: 'installation' })
}

/** After a correction of another request the wallet may hold too little for this one. That is no reason to keep a clip from its requester. */
async function unlessImpossible<Result>(
  work: () => Promise<Result>,
  generation: Generation,
  { log }: Pick<RunContext, 'log'>,
  otherwise: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ImpossibleCorrection)) throw error
    warnOfCorrection(generation, log)
    return otherwise()
  }
}

function warnOfCorrection({ id, reference, provider }: Generation, log: RunContext['log']): void {
  const fields = { generation: id, reference, provider }
  log.error(fields, 'a late report of the provider was not booked because of a correction by hand; compare it with the invoice')
}
