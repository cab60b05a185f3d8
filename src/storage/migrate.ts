import { type Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'

import { type Dialect, migrationsFor } from './migrations/index.ts'
import type { Schema } from './schema.ts'

/** The store was written by a version that this one does not know: going on could read its rows wrongly. */
export class NewerStoreError extends Error {
  override readonly name = 'NewerStoreError'

  constructor(unknown: readonly string[]) {
    super(`the database belongs to a newer version of Rushes (it has ${unknown.join(', ')}): start that version, or a later one`)
  }
}

export interface StoreTables {
  dialect: Dialect
  /** Where the tables stand, on a server that may hold others of the same names. */
  schema?: string | undefined
}

/** Brings the tables up to date. Several processes may do so at once: the first does the work, the others wait for it. */
export async function migrate(statements: Kysely<Schema>, { dialect, schema }: StoreTables): Promise<void> {
  const migrations = migrationsFor(dialect)
  const migrator = new Migrator({
    db: statements,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    ...(schema !== undefined && { migrationTableSchema: schema }),
  })
  const refuseNewer = async () => {
    const unknown = (await appliedMigrations(statements, schema)).filter((name) => !(name in migrations))
    if (unknown.length > 0) throw new NewerStoreError(unknown)
  }
  await refuseNewer()
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  // A newer version may have begun at the same moment, and been first.
  await refuseNewer()
  throw new Error('the database could not be brought up to date', { cause: error })
}

const historyTable = 'kysely_migration'

async function appliedMigrations(statements: Kysely<Schema>, schema: string | undefined): Promise<string[]> {
  const tables = await statements.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === historyTable && (schema === undefined || table.schema === schema))) return []
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(historyTable)} order by name`.execute(statements)
  return rows.map(({ name }) => name)
}
