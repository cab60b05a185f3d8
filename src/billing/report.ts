import { type SelectQueryBuilder, sql } from 'kysely'

import type { ProviderId } from '../domain/provider-id.ts'
import type { Statements } from '../storage/database.ts'
import type { LedgerKind, Schema } from '../storage/schema.ts'
import { periodKeys } from './periods.ts'

const listedRows = 20
/** Older ones are counted up to here: the ledger of years is long. */
export const mostCounted = 1000

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

/** The newest entries of a list, the newest last. */
export interface Newest<Row> {
  rows: Row[]
  /** How many older ones are left out: exact below `mostCounted`. */
  older: number
}

/** The newest rows of the ledger. */
export function readRecentRows(statements: Statements): Promise<Newest<ReportedRow>> {
  return readNewest(statements, selectRows(statements))
}

/** Sums that the installation only assumes to have been billed, and that no correction has confirmed or changed. */
export function readAssumed(statements: Statements): Promise<Newest<ReportedRow>> {
  const assumed = selectRows(statements)
    .where('ledger.kind', '=', sql.lit('assumed'))
    .where((row) => row.not(row.exists(corrections(statements, 'ledger.generation_id'))))
  return readNewest(statements, assumed)
}

export interface ImplausibleCost {
  reference: string
  provider: ProviderId
  price: number
  printed: string | null
  endedAt: number | null
}

/** Costs that were not believed, and that no correction has confirmed or changed. */
export function readImplausible(statements: Statements): Promise<Newest<ImplausibleCost>> {
  const implausible = statements
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
    .where((row) => row.not(row.exists(corrections(statements, 'generations.id'))))
    .orderBy('attempts.id', 'desc')
  return readNewest(statements, implausible)
}

/** Whether one of these lists has this generation, however old. */
export async function isUnconfirmed(statements: Statements, generationId: string): Promise<boolean> {
  const row = await statements
    .selectFrom('generations')
    .select('id')
    .where('id', '=', generationId)
    .where((row) => row.not(row.exists(corrections(statements, 'generations.id'))))
    .where((generation) => {
      const assumed = generation.selectFrom('ledger').select('sequence').where('kind', '=', 'assumed')
      const implausible = generation.selectFrom('attempts').select('attempts.id').where('implausible_cost', 'is not', null)
      return generation.or([
        generation.exists(assumed.whereRef('ledger.generation_id', '=', 'generations.id')),
        generation.exists(implausible.whereRef('attempts.generation_id', '=', 'generations.id')),
      ])
    })
    .executeTakeFirst()
  return row !== undefined
}

async function readNewest<Tables, Name extends keyof Tables, Row>(
  statements: Statements,
  all: SelectQueryBuilder<Tables, Name, Row>,
): Promise<Newest<Row>> {
  const rows = await all.limit(listedRows).execute()
  const counted = all.limit(listedRows + mostCounted)
  const counting = statements.selectFrom(counted.as('listed')).select(({ fn }) => fn.countAll<number>().as('count'))
  const { count } = await counting.executeTakeFirstOrThrow()
  return { rows: rows.reverse(), older: count - rows.length }
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
}

/** Of one generation each time: a list of all would grow with the years. */
function corrections(statements: Statements, generationId: 'ledger.generation_id' | 'generations.id') {
  return statements
    .selectFrom('ledger as correction')
    .select('correction.sequence')
    .where('correction.generation_id', '=', sql.ref<string>(generationId))
    .where('correction.kind', '=', 'correction-installation')
}
