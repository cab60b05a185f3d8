import type { Transaction } from 'kysely'

import type { Budgets } from '../config/config.ts'
import type { MicroUsd } from '../domain/money.ts'
import { Refusal } from '../domain/refusal.ts'
import type { LedgerKind, Schema } from '../storage/schema.ts'
import { nextPeriodStart } from './periods.ts'
import { change, type Reservation, walletsOf } from './wallets.ts'

/** Part of the ledger's unique indexes: a generation is rendered once. */
const take = 1

/** Reserves the sum in the installation's and the guild's wallets of the day and the month, or throws a `Refusal`: the caller's transaction rolls back. */
export async function reserve(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  { installation, guild, now, timeZone }: { installation: Budgets; guild: Budgets; now: number; timeZone?: string | undefined },
): Promise<void> {
  const { price } = reservation
  const changed = await change(transaction, reservation, { reserved: price })
  for (const { scope, period } of walletsOf(reservation)) {
    const wallet = changed.find((row) => row.scope === scope && row.period === period)
    const remaining =
      (scope === 'installation' ? installation : guild)[period] - (wallet ? wallet.reserved + wallet.spent - price : Infinity)
    if (remaining >= price) continue
    const resetsAt = nextPeriodStart(now, period, scope === 'guild' ? timeZone : 'UTC')
    throw new Refusal('budget-exhausted', { wallet: scope, period, price, remaining: Math.max(0, remaining), resetsAt })
  }
}

/** The reservation's row; written once its generation exists. */
export function recordReservation(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  return record(transaction, reservation, { kind: 'reserve', now })
}

/** The provider billed: the reserved sum is spent. A second settlement of the same take violates a unique index and rolls back. */
export async function capture(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  const { price, guildReleased } = reservation
  await record(transaction, reservation, { kind: guildReleased ? 'capture-installation' : 'capture', now })
  await change(transaction, reservation, { reserved: -price, spent: price }, guildReleased ? 'installation' : undefined)
}

/** Nothing is due: the reserved sum is available again. */
export async function release(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  const { price, guildReleased } = reservation
  await record(transaction, reservation, { kind: guildReleased ? 'release-installation' : 'release', now })
  await change(transaction, reservation, { reserved: -price }, guildReleased ? 'installation' : undefined)
}

/** The guild has its share of the reservation back; the installation's stays reserved. Every later row of this generation leaves the guild alone. */
export async function releaseGuild(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  await record(transaction, reservation, { kind: 'release-guild', now })
  await change(transaction, reservation, { reserved: -reservation.price }, 'guild')
}

/** The provider never says what this costs: the guild pays nothing, and the installation books the price until the invoice says otherwise. */
export async function assume(transaction: Transaction<Schema>, reservation: Reservation, now: number): Promise<void> {
  const { price, guildReleased } = reservation
  await record(transaction, reservation, { kind: 'assumed', now })
  // The installation's wallets first, as everywhere.
  await change(transaction, reservation, { reserved: -price, spent: price }, 'installation')
  if (!guildReleased) await releaseGuild(transaction, reservation, now)
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
  // Its share was released before the capture, which then was the installation's alone.
  if (reservation.guildReleased) return
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

/** Writes a row of this reservation; the wallets are changed separately. */
export async function record(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  { kind, amount = reservation.price, now, reason }: { kind: LedgerKind; amount?: MicroUsd; now: number; reason?: string },
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
      reason,
    })
    .execute()
}
