import type { Transaction } from 'kysely'

import type { Snowflake } from '../domain/ids.ts'
import type { MicroUsd } from '../domain/money.ts'
import type { Schema } from '../storage/schema.ts'
import type { PeriodKeys } from './periods.ts'

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
  /** The guild's share was released while nobody knew whether there was a job: whatever comes later is the installation's alone. */
  guildReleased: boolean
}

/** One of the wallets that a reservation counts in. */
export type Wallet = Pick<Schema['wallets'], 'scope' | 'owner_id' | 'period' | 'period_key'>

/**
 * Changes the wallets of this reservation, or only those of one scope, and makes those that are missing. Returns them as they now are. One statement, which
 * locks the rows in the order of `walletsOf` and, after it has waited for another transaction, adds to what that one wrote.
 */
export function change(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  { reserved = 0, spent = 0 }: { reserved?: MicroUsd; spent?: MicroUsd },
  only?: Wallet['scope'],
): Promise<Schema['wallets'][]> {
  const wallets = walletsOf(reservation).filter(({ scope }) => !only || scope === only)
  return transaction
    .insertInto('wallets')
    .values(wallets.map((wallet) => ({ ...wallet, reserved, spent })))
    .onConflict((conflict) =>
      conflict.columns(['scope', 'owner_id', 'period', 'period_key']).doUpdateSet((row) => ({
        reserved: row('wallets.reserved', '+', row.ref('excluded.reserved')),
        spent: row('wallets.spent', '+', row.ref('excluded.spent')),
      })),
    )
    .returningAll()
    .execute()
}

/** Always in this order, so that two reservations never deadlock. */
export function walletsOf({ guildId, guildPeriods, installationPeriods }: Reservation): Wallet[] {
  return [
    { scope: 'installation', owner_id: '', period: 'day', period_key: installationPeriods.day },
    { scope: 'installation', owner_id: '', period: 'month', period_key: installationPeriods.month },
    { scope: 'guild', owner_id: guildId, period: 'day', period_key: guildPeriods.day },
    { scope: 'guild', owner_id: guildId, period: 'month', period_key: guildPeriods.month },
  ]
}
