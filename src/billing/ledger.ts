import type { Insertable, Transaction } from 'kysely'

import type { Budgets } from '../config/config.ts'
import type { MicroUsd } from '../domain/money.ts'
import { Refusal } from '../domain/refusal.ts'
import type { LedgerKind, Schema } from '../storage/schema.ts'
import { nextPeriodStart } from './periods.ts'
import { change, changeAll, keyOf, type Reservation, type WalletChange, walletsOf } from './wallets.ts'

/** Part of the ledger's unique indexes: a generation is rendered once. */
const take = 1

/** What is to be reserved, and the budgets that it must keep to. */
export interface Reserving {
  reservation: Reservation
  installation: Budgets
  guild: Budgets
  now: number
  /** The guild's. */
  timeZone?: string | undefined
}

/**
 * Reserves the sums in the installation's and the guilds' wallets of the day and the month, or throws a `Refusal`: the caller's transaction rolls back. Their
 * generations must exist. What a refusal says is true of a single reservation; among several, later ones may be its reason.
 */
export async function reserve(transaction: Transaction<Schema>, all: readonly Reserving[]): Promise<void> {
  await recordAll(
    transaction,
    all.map(({ reservation, now }) => ({ reservation, kind: 'reserve', now })),
  )
  // Last: theirs are the locks that every other reservation waits for.
  const changed = await changeAll(
    transaction,
    all.map(({ reservation }) => ({ reservation, reserved: reservation.price })),
  )
  const wallets = new Map(changed.map((wallet) => [keyOf(wallet), wallet]))
  for (const reserving of all) {
    for (const wallet of walletsOf(reserving.reservation)) assertBudget(wallets.get(keyOf(wallet)), reserving)
  }
}

function assertBudget(wallet: Schema['wallets'] | undefined, { reservation, now, timeZone, ...budgets }: Reserving): void {
  if (!wallet) throw new Error('a wallet is missing after a reservation')
  const { scope, period, reserved, spent } = wallet
  const { price } = reservation
  const remaining = budgets[scope][period] - (reserved + spent - price)
  if (remaining >= price) return
  const resetsAt = nextPeriodStart(now, period, scope === 'guild' ? timeZone : 'UTC')
  throw new Refusal('budget-exhausted', { wallet: scope, period, price, remaining: Math.max(0, remaining), resetsAt })
}

/** A job that its provider billed. */
export interface Billed {
  reservation: Reservation
  /** What the provider billed, by default the price. The guild pays the price that it saw; the difference, up or down, is the installation's. */
  cost?: MicroUsd
}

/** The reserved sums are spent. A second settlement of the same take violates a unique index and rolls back. */
export async function capture(transaction: Transaction<Schema>, all: readonly Billed[], now: number): Promise<void> {
  await recordAll(
    transaction,
    all.flatMap((billed) => captureRows(billed, now)),
  )
  await changeAll(transaction, all.flatMap(captureChanges))
}

function captureRows({ reservation, cost = reservation.price }: Billed, now: number): LedgerEntry[] {
  const difference = cost - reservation.price
  const captured = { reservation, kind: reservation.guildReleased ? 'capture-installation' : 'capture', now } as const
  return difference === 0 ? [captured] : [captured, { reservation, kind: 'difference', amount: difference, now }]
}

function captureChanges({ reservation, cost = reservation.price }: Billed): WalletChange[] {
  const { price, guildReleased } = reservation
  return [
    { reservation, reserved: -price, spent: price, only: guildReleased ? 'installation' : undefined },
    { reservation, spent: cost - price, only: 'installation' },
  ]
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

/** A row of the ledger. */
interface LedgerEntry {
  reservation: Reservation
  kind: LedgerKind
  /** The price, unless it says otherwise. */
  amount?: MicroUsd
  now: number
  reason?: string
}

/** Writes a row of this reservation; the wallets are changed separately. */
export function record(transaction: Transaction<Schema>, reservation: Reservation, row: Omit<LedgerEntry, 'reservation'>): Promise<void> {
  return recordAll(transaction, [{ reservation, ...row }])
}

async function recordAll(transaction: Transaction<Schema>, rows: readonly LedgerEntry[]): Promise<void> {
  if (rows.length === 0) return
  await transaction.insertInto('ledger').values(rows.map(toRow)).execute()
}

function toRow({ reservation, kind, amount = reservation.price, now, reason }: LedgerEntry): Insertable<Schema['ledger']> {
  return {
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
  }
}
