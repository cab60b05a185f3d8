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

/** What is added to the wallets of a reservation, or only to those of one scope. */
export interface WalletChange {
  reservation: Reservation
  reserved?: MicroUsd
  spent?: MicroUsd
  only?: Wallet['scope'] | undefined
}

/**
 * Changes wallets, and makes those that are missing. Returns them as they now are. One statement, which locks the rows always in the same order, so that two
 * transactions never deadlock, and adds to what a transaction that it waited for wrote.
 */
export async function changeAll(transaction: Transaction<Schema>, changes: readonly WalletChange[]): Promise<Schema['wallets'][]> {
  const sums = sumPerWallet(changes)
  if (sums.length === 0) return []
  return transaction
    .insertInto('wallets')
    .values(sums)
    .onConflict((conflict) =>
      conflict.columns(['scope', 'owner_id', 'period', 'period_key']).doUpdateSet((row) => ({
        reserved: row('wallets.reserved', '+', row.ref('excluded.reserved')),
        spent: row('wallets.spent', '+', row.ref('excluded.spent')),
      })),
    )
    .returningAll()
    .execute()
}

/** The same for one reservation. */
export function change(
  transaction: Transaction<Schema>,
  reservation: Reservation,
  sums: Pick<WalletChange, 'reserved' | 'spent'>,
  only?: Wallet['scope'],
): Promise<Schema['wallets'][]> {
  return changeAll(transaction, [{ reservation, ...sums, only }])
}

/** In the order in which they are locked: the installation's first, which every reservation has. */
function sumPerWallet(changes: readonly WalletChange[]): Schema['wallets'][] {
  const sums = new Map<string, Schema['wallets']>()
  for (const { reservation, reserved = 0, spent = 0, only } of changes) {
    for (const wallet of walletsOf(reservation)) {
      if (only && wallet.scope !== only) continue
      const key = keyOf(wallet)
      const sum = sums.get(key) ?? { ...wallet, reserved: 0, spent: 0 }
      sums.set(key, { ...sum, reserved: sum.reserved + reserved, spent: sum.spent + spent })
    }
  }
  return [...sums].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, sum]) => sum)
}

/** Sorts in the order of the locks. */
export function keyOf({ scope, owner_id: owner, period, period_key: key }: Wallet): string {
  return [scope === 'installation' ? 0 : 1, owner, period, key].join('/')
}

/** The wallets that a reservation counts in, in the order in which their budgets are checked. */
export function walletsOf({ guildId, guildPeriods, installationPeriods }: Reservation): Wallet[] {
  return [
    { scope: 'installation', owner_id: '', period: 'day', period_key: installationPeriods.day },
    { scope: 'installation', owner_id: '', period: 'month', period_key: installationPeriods.month },
    { scope: 'guild', owner_id: guildId, period: 'day', period_key: guildPeriods.day },
    { scope: 'guild', owner_id: guildId, period: 'month', period_key: guildPeriods.month },
  ]
}
