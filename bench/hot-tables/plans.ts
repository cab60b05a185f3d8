import SQLite from 'better-sqlite3'
import pg from 'pg'
import { z } from 'zod'

import type { StoreLocation } from '../../src/config/config.ts'
import type { ExecutedStatement } from '../shared/statements.ts'

/** Those that grow with every clip. */
const largeTables = ['generations', 'attempts', 'ledger']

/** The plans of those statements that read a large table from one end to the other, or walk an index without a condition on it. */
export async function plansThatScan(location: StoreLocation, statements: readonly ExecutedStatement[]): Promise<string[]> {
  const explainable = statements.filter(({ text }) => /^\s*(select|insert|update|delete|with)\b/i.test(text))
  return 'file' in location ? sqlitePlans(location.file, explainable) : postgresPlans(location.url, explainable)
}

const SqlitePlan = z.array(z.object({ detail: z.string() }))

function sqlitePlans(file: string, statements: readonly ExecutedStatement[]): string[] {
  const database = new SQLite(file, { readonly: true })
  try {
    return statements.flatMap(({ text, values }) => {
      const details = SqlitePlan.parse(database.prepare(`explain query plan ${text}`).all(...values)).map(({ detail }) => detail)
      const scans = details.some((detail) => largeTables.some((table) => new RegExp(`^SCAN ${table}\\b`).test(detail)))
      return scans ? [`${text}\n  ${details.join('\n  ')}`] : []
    })
  } finally {
    database.close()
  }
}

interface PlanNode {
  'Relation Name'?: string | undefined
  'Node Type': string
  'Index Cond'?: string | undefined
  Plans?: PlanNode[] | undefined
}
const PlanNode: z.ZodType<PlanNode> = z.object({
  'Relation Name': z.string().optional(),
  'Node Type': z.string(),
  'Index Cond': z.string().optional(),
  Plans: z.lazy(() => z.array(PlanNode)).optional(),
})
const JsonPlan = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: PlanNode })]) })])
const TextPlan = z.array(z.object({ 'QUERY PLAN': z.string() }))

async function postgresPlans(url: string, statements: readonly ExecutedStatement[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const plans: string[] = []
    for (const { text, values } of statements) {
      const explain = async (options: string) => (await client.query(`explain ${options} ${text}`, [...values])).rows as unknown
      const [row] = JsonPlan.parse(await explain('(format json)'))
      if (!scansLargeTable(row['QUERY PLAN'][0].Plan)) continue
      const lines = TextPlan.parse(await explain('')).map((line) => line['QUERY PLAN'])
      plans.push(`${text}\n  ${lines.join('\n  ')}`)
    }
    return plans
  } finally {
    await client.end()
  }
}

function scansLargeTable(node: PlanNode): boolean {
  const isLarge = largeTables.includes(node['Relation Name'] ?? '')
  const isWhole = node['Node Type'] === 'Seq Scan' || (node['Node Type'].startsWith('Index') && node['Index Cond'] === undefined)
  return (isLarge && isWhole) || (node.Plans ?? []).some(scansLargeTable)
}
