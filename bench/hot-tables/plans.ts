import SQLite from 'better-sqlite3'
import pg from 'pg'
import { z } from 'zod'

import type { StoreLocation } from '../../src/config/config.ts'

/** A statement with the values of one execution. */
export interface PlannedStatement {
  text: string
  values: readonly unknown[]
}

/** Those that grow with every clip. */
const largeTables = ['generations', 'attempts', 'ledger']

/**
 * The plans of those statements that read a large table, or what is over in it: from one end to the other, by an index without a condition on it, or, where
 * the database counts what it reads, more than so many rows. A walk in the order of an index that ends at a limit is none.
 */
export async function plansThatScan(location: StoreLocation, statements: readonly PlannedStatement[], mostRows: number): Promise<string[]> {
  const explainable = statements.filter(({ text }) => /^\s*(select|insert|update|delete|with)\b/i.test(text))
  return 'file' in location ? sqlitePlans(location.file, explainable) : postgresPlans(location.url, explainable, mostRows)
}

const SqlitePlan = z.array(z.object({ detail: z.string() }))

function sqlitePlans(file: string, statements: readonly PlannedStatement[]): string[] {
  const database = new SQLite(file, { readonly: true })
  try {
    const partial = new Set(largeTables.flatMap((table) => partialIndexes(database, table)))
    return statements.flatMap(({ text, values }) => {
      const details = SqlitePlan.parse(database.prepare(`explain query plan ${text}`).all(...values)).map(({ detail }) => detail)
      const isLimited = / limit \?/.test(text) && !details.some((detail) => detail.startsWith('USE TEMP B-TREE'))
      const scans = details.some((detail) => {
        const index = /USING (?:COVERING )?INDEX (\w+)/.exec(detail)?.[1] ?? ''
        return (isScan(detail) && !isLimited && !partial.has(index)) || (isSearchByState(detail) && namesEnd(text, values))
      })
      return scans ? [`${text}\n  ${details.join('\n  ')}`] : []
    })
  } finally {
    database.close()
  }
}

const IndexList = z.array(z.object({ name: z.string(), partial: z.number() }))

/** They hold the few rows that their condition chooses, so that walking them is no scan. */
function partialIndexes(database: SQLite.Database, table: string): string[] {
  return IndexList.parse(database.pragma(`index_list(${table})`)).flatMap(({ name, partial }) => (partial === 1 ? [name] : []))
}

const isScan = (detail: string) => largeTables.some((table) => new RegExp(`^SCAN ${table}\\b`).test(detail))

/** Nearly all rows have one of the states in which a generation is over: finding them by their state is a scan, too. */
const isSearchByState = (detail: string) => /^SEARCH generations USING (COVERING )?INDEX generations_by_turn \(state=\?\)$/.test(detail)
const namesEnd = (text: string, values: readonly unknown[]) =>
  ['done', 'failed', 'cancelled'].some((state) => values.includes(state) || text.includes(`'${state}'`))

interface PlanNode {
  'Relation Name'?: string | undefined
  'Node Type': string
  'Index Name'?: string | undefined
  'Index Cond'?: string | undefined
  'Actual Rows'?: number | undefined
  'Actual Loops'?: number | undefined
  'Rows Removed by Filter'?: number | undefined
  Plans?: PlanNode[] | undefined
}
const PlanNode: z.ZodType<PlanNode> = z.object({
  'Relation Name': z.string().optional(),
  'Node Type': z.string(),
  'Index Name': z.string().optional(),
  'Index Cond': z.string().optional(),
  'Actual Rows': z.number().optional(),
  'Actual Loops': z.number().optional(),
  'Rows Removed by Filter': z.number().optional(),
  Plans: z.lazy(() => z.array(PlanNode)).optional(),
})
const partialIndexesQuery = 'select relname as name from pg_index join pg_class on pg_class.oid = indexrelid where indpred is not null'
const PartialIndexes = z.array(z.object({ name: z.string() }))
const JsonPlan = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: PlanNode })]) })])
const TextPlan = z.array(z.object({ 'QUERY PLAN': z.string() }))

async function postgresPlans(url: string, statements: readonly PlannedStatement[], mostRows: number): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const partial = new Set(PartialIndexes.parse((await client.query(partialIndexesQuery)).rows).map(({ name }) => name))
    const plans: string[] = []
    for (const { text, values } of statements) {
      const explain = async (options: string) => (await client.query(`explain (${options}) ${text}`, [...values])).rows as unknown
      // What writes is not run a second time, so its rows are not counted.
      const isRead = /^\s*(select|with)\b/i.test(text) && !/\b(insert|update|delete)\b/i.test(text)
      const [row] = JsonPlan.parse(await explain(isRead ? 'format json, analyze, timing off' : 'format json'))
      if (!scansLargeTable(row['QUERY PLAN'][0].Plan, { mostRows, partial })) continue
      const lines = TextPlan.parse(await explain('costs off')).map((line) => line['QUERY PLAN'])
      plans.push(`${text}\n  ${lines.join('\n  ')}`)
    }
    return plans
  } finally {
    await client.end()
  }
}

interface Allowed {
  mostRows: number
  /** As on SQLite, walking one is no scan. */
  partial: ReadonlySet<string>
}

function scansLargeTable(node: PlanNode, allowed: Allowed): boolean {
  const { mostRows, partial } = allowed
  const { 'Node Type': type, 'Index Cond': condition, 'Actual Rows': rows = 0, 'Actual Loops': loops = 1 } = node
  const isLarge = largeTables.includes(node['Relation Name'] ?? '')
  const isWhole = type === 'Seq Scan' || (type.startsWith('Index') && condition === undefined && !partial.has(node['Index Name'] ?? ''))
  const read = (rows + (node['Rows Removed by Filter'] ?? 0)) * loops
  const isLimited = node['Actual Rows'] !== undefined && read <= mostRows
  return (isLarge && ((isWhole && !isLimited) || read > mostRows)) || (node.Plans ?? []).some((plan) => scansLargeTable(plan, allowed))
}
