import type { ProviderId } from '../domain/provider-id.ts'
import type { Statements } from '../storage/database.ts'
import type { LedgerKind, Schema } from '../storage/schema.ts'
import { periodKeys } from './periods.ts'

const listedRows = 20

export interface WalletSums {
  scope: Schema['wallets']['scope']
  ownerId: string
  periodKey: string
  reserved: number
  spent: number
}

/** The wallets of the day and month that contain `now`, by the calendar of each owner; the installation's first. */
export async function readCurrentWallets(
  statements: Statements,
  now: number,
  timeZoneOf: (guildId: string) => Promise<string | undefined>,
): Promise<WalletSums[]> {
  const hours = 60 * 60_000
  // Somewhere on earth it is one of these days.
  const keys = [now - 24 * hours, now, now + 24 * hours].map((moment) => periodKeys(moment)).flatMap(({ day, month }) => [day, month])
  const rows = await statements
    .selectFrom('wallets')
    .selectAll()
    .where('period_key', 'in', keys)
    .orderBy('scope', 'desc')
    .orderBy('owner_id')
    .orderBy('period')
    .execute()
  const current = await Promise.all(
    rows.map(async ({ scope, owner_id: ownerId, period, period_key: periodKey, reserved, spent }) => {
      const zone = scope === 'guild' ? await timeZoneOf(ownerId) : undefined
      return periodKeys(now, zone)[period] === periodKey ? [{ scope, ownerId, periodKey, reserved, spent }] : []
    }),
  )
  return current.flat()
}

export interface ReportedRow {
  reference: string
  provider: ProviderId
  kind: LedgerKind
  amount: number
  createdAt: number
  reason: string | null
}

/** The newest rows of the ledger, the newest last. */
export async function readRecentRows(statements: Statements): Promise<ReportedRow[]> {
  return (await selectRows(statements).execute()).reverse()
}

/** The newest sums that the installation only assumes to have been billed, and that no correction has confirmed or changed. */
export async function readAssumed(statements: Statements): Promise<ReportedRow[]> {
  const rows = await selectRows(statements)
    .where('ledger.kind', '=', 'assumed')
    .where('ledger.generation_id', 'not in', corrected(statements))
    .execute()
  return rows.reverse()
}

export interface ImplausibleCost {
  reference: string
  provider: ProviderId
  price: number
  printed: string | null
  endedAt: number | null
}

/** The newest costs that were not believed and not corrected since. */
export async function readImplausible(statements: Statements): Promise<ImplausibleCost[]> {
  const rows = await statements
    .selectFrom('attempts')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select([
      'generations.reference',
      'attempts.provider',
      'generations.price',
      'attempts.implausible_cost as printed',
      'attempts.ended_at as endedAt',
    ])
    .where('attempts.implausible_cost', 'is not', null)
    .where('generations.id', 'not in', corrected(statements))
    .orderBy('attempts.id', 'desc')
    .limit(listedRows)
    .execute()
  return rows.reverse()
}

function selectRows(statements: Statements) {
  return statements
    .selectFrom('ledger')
    .innerJoin('generations', 'generations.id', 'ledger.generation_id')
    .select([
      'generations.reference',
      'generations.provider',
      'ledger.kind',
      'ledger.amount',
      'ledger.created_at as createdAt',
      'ledger.reason',
    ])
    .orderBy('ledger.sequence', 'desc')
    .limit(listedRows)
}

function corrected(statements: Statements) {
  return statements.selectFrom('ledger').select('generation_id').where('kind', '=', 'correction-installation')
}
