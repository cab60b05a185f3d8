import type { Transaction } from 'kysely'

import type { Budgets } from '../config/config.ts'
import type { Snowflake } from '../domain/ids.ts'
import type { MicroUsd } from '../domain/money.ts'
import { Refusal } from '../domain/refusal.ts'
import type { LedgerKind, Schema } from '../storage/schema.ts'
import { nextPeriodStart, type PeriodKeys } from './periods.ts'

/** What is reserved for a generation, with its wallet periods, which never change. */
export interface Reservation {
  /** The generation's. */
  id: string
  guildId: Snowflake
  /** What the guild is charged for the clip. */
  price: MicroUsd
  /** By the guild's calendar. */
  guildPeriods: PeriodKeys
  /** By UTC for every guild: otherwise the installation would have one budget per time zone. */
  installationPeriods: PeriodKeys
}

type Wallet = Pick<Schema['wallets'], 'scope' | 'owner_id' | 'period' | 'period_key'>

/** Part of the ledger's unique key: a generation is rendered once. */
const take = 1

/**
 * Reserves the sum in the installation's and the guild's wallets of the day and the month, or throws a `Refusal` (the caller's transaction rolls back).
 * Locks the wallets in a fixed order first and reads them in a second statement: a single one would read the snapshot from before it waited.
 */
export async function reserve(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  { installation, guild, now, timeZone }: { installation: Budgets; guild: Budgets; now: number; timeZone?: string | undefined },
): Promise<void> {
  for (const wallet of walletsOf(reservation)) {
    // The insert or update locks the row: a second transaction waits here until the first ends.
    await transaction
      .insertInto('wallets')
      .values({ ...wallet, reserved: 0, spent: 0 })
      .onConflict((conflict) =>
        conflict.columns(['scope', 'owner_id', 'period', 'period_key']).doUpdateSet({ period_key: wallet.period_key }),
      )
      .execute()
  }
  for (const wallet of walletsOf(reservation)) {
    const budget = (wallet.scope === 'installation' ? installation : guild)[wallet.period]
    const { reserved, spent } = await transaction
      .selectFrom('wallets')
      .select(['reserved', 'spent'])
      .where((row) => row.and({ ...wallet }))
      .executeTakeFirstOrThrow()
    if (reserved + spent + reservation.price > budget) {
      throw new Refusal('budget-exhausted', {
        wallet: wallet.scope,
        period: wallet.period,
        price: reservation.price,
        remaining: Math.max(0, budget - reserved - spent),
        resetsAt: nextPeriodStart(now, wallet.period, wallet.scope === 'guild' ? timeZone : 'UTC'),
      })
    }
  }
  await change(transaction, reservation, { reserved: reservation.price })
}

/** The reservation's row; written once its generation exists. */
export function recordReservation(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  return record(transaction, reservation, { kind: 'reserve', now })
}

/** The provider billed: the reserved sum is spent. A second capture of the same take violates the ledger's unique key and rolls back. */
export async function capture(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  await record(transaction, reservation, { kind: 'capture', now })
  await change(transaction, reservation, { reserved: -reservation.price, spent: reservation.price })
}

/** Nothing is due: the reserved sum is available again. */
export async function release(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  await record(transaction, reservation, { kind: 'release', now })
  await change(transaction, reservation, { reserved: -reservation.price })
}

/** It is unknown whether the provider billed: the sum stays reserved, and a row says so. */
export async function hold(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  const held = await transaction
    .selectFrom('ledger')
    .select('sequence')
    .where((row) => row.and({ generation_id: reservation.id, take, kind: 'hold' }))
    .executeTakeFirst()
  // Resumed and held a second time: it was reserved all the time.
  if (!held) await record(transaction, reservation, { kind: 'hold', now })
}

/** The provider billed but the guild got no clip: the guild is refunded and the installation bears the cost. */
export async function refundGuild(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  await record(transaction, reservation, { kind: 'refund', now })
  await change(transaction, reservation, { spent: -reservation.price }, 'guild')
}

/** The provider billed another sum than was reserved. The guild pays the price it saw; the difference, up or down, is the installation's. */
export async function bookDifference(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  providerCost: MicroUsd,
  now: number,
): Promise<void> {
  const difference = providerCost - reservation.price
  if (difference === 0) return
  await record(transaction, reservation, { kind: 'difference', amount: difference, now })
  await change(transaction, reservation, { spent: difference }, 'installation')
}

async function record(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  { kind, amount = reservation.price, now }: { kind: LedgerKind; amount?: MicroUsd; now: number },
): Promise<void> {
  await transaction
    .insertInto('ledger')
    .values({
      generation_id: reservation.id,
      take,
      kind,
      amount,
      guild_id: reservation.guildId,
      day_key: reservation.guildPeriods.day,
      month_key: reservation.guildPeriods.month,
      installation_day_key: reservation.installationPeriods.day,
      installation_month_key: reservation.installationPeriods.month,
      created_at: now,
    })
    .execute()
}

async function change(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  { reserved = 0, spent = 0 }: { reserved?: MicroUsd; spent?: MicroUsd },
  only?: Wallet['scope'],
): Promise<void> {
  for (const wallet of walletsOf(reservation)) {
    if (only && wallet.scope !== only) continue
    await transaction
      .updateTable('wallets')
      .set((wallets) => ({ reserved: wallets('reserved', '+', reserved), spent: wallets('spent', '+', spent) }))
      .where((row) => row.and({ ...wallet }))
      .execute()
  }
}

/** Always in this order, so that two reservations never deadlock. */
function walletsOf({ guildId, guildPeriods, installationPeriods }: Reservation): Wallet[] {
  return [
    { scope: 'installation', owner_id: '', period: 'day', period_key: installationPeriods.day },
    { scope: 'installation', owner_id: '', period: 'month', period_key: installationPeriods.month },
    { scope: 'guild', owner_id: guildId, period: 'day', period_key: guildPeriods.day },
    { scope: 'guild', owner_id: guildId, period: 'month', period_key: guildPeriods.month },
  ]
}
