import type { Transaction } from 'kysely'

import type { MicroUsd } from '../domain/money.ts'
import type { Statements } from '../storage/database.ts'
import type { Schema } from '../storage/schema.ts'
import { record } from './ledger.ts'
import { change, type Reservation, type Wallet } from './wallets.ts'

export interface Correction {
  scope: Wallet['scope']
  /** Added to what was spent; negative takes away. */
  amount: MicroUsd
  /** The operator's own words. */
  reason: string
  now: number
}

/** The correction would leave a wallet with an impossible sum. */
export class ImpossibleCorrection extends RangeError {
  override readonly name = 'ImpossibleCorrection'
  readonly wallet: Wallet
  /** What would be spent by it. */
  readonly spent: MicroUsd

  constructor(wallet: Wallet, spent: MicroUsd) {
    super('a wallet cannot hold this sum')
    this.wallet = wallet
    this.spent = spent
  }
}

/** Corrects what a generation cost, in the wallets of its own periods. Throws `ImpossibleCorrection`: the caller's transaction rolls back. */
export async function correct(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  { scope, amount, reason, now }: Correction,
): Promise<void> {
  await record(transaction, reservation, { kind: `correction-${scope}`, amount, reason, now })
  for (const { spent, ...wallet } of await change(transaction, reservation, { spent: amount }, scope)) {
    if (spent < 0 || !Number.isSafeInteger(spent)) throw new ImpossibleCorrection(wallet, spent)
  }
}

/** What is reserved under a reference. References are random, so two requests could share one. */
export async function findReservations(statements: Statements, reference: string): Promise<Reservation[]> {
  const rows = await statements.selectFrom('generations').selectAll().where('reference', '=', reference).execute()
  return rows.map((row) => ({
    id: row.id,
    guildId: row.guild_id,
    price: row.price,
    guildPeriods: { day: row.day_key, month: row.month_key },
    installationPeriods: { day: row.installation_day_key, month: row.installation_month_key },
    guildReleased: row.guild_released_at !== null,
  }))
}

/** What the installation has booked for a generation so far. */
export async function bookedByInstallation(statements: Statements, generationId: string): Promise<MicroUsd> {
  const rows = await statements
    .selectFrom('ledger')
    .select('amount')
    .where('generation_id', '=', generationId)
    .where('kind', 'in', ['capture', 'capture-installation', 'assumed', 'difference', 'correction-installation'])
    .execute()
  return rows.reduce((sum, { amount }) => sum + amount, 0)
}

/** Whether what the installation booked was corrected, for another reason than these. */
export async function isCorrected(statements: Statements, generationId: string, otherReasons: readonly string[]): Promise<boolean> {
  const row = await statements
    .selectFrom('ledger')
    .select('sequence')
    .where((ledger) => ledger.and({ generation_id: generationId, kind: 'correction-installation' }))
    .where('reason', 'not in', otherReasons)
    .executeTakeFirst()
  return row !== undefined
}
