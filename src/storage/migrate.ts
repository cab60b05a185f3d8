import { type Kysely, sql } from 'kysely'
import { DEFAULT_MIGRATION_TABLE as historyTable, type Migration, Migrator } from 'kysely/migration'

import { type Dialect, first } from './migrations/0001-first.ts'
import { shared } from './migrations/0002-shared.ts'
import { standardNames } from './migrations/0003-standard-names.ts'
import { cancelledBy } from './migrations/0004-cancelled-by.ts'
import { oneQueue } from './migrations/0005-one-queue.ts'
import { providerBlocks } from './migrations/0006-provider-blocks.ts'
import { heldShares } from './migrations/0007-held-shares.ts'
import { delivery } from './migrations/0008-delivery.ts'
import { retention } from './migrations/0009-retention.ts'
import { imageIndex } from './migrations/0010-image-index.ts'
import { largeTables } from './migrations/0011-large-tables.ts'
import { queueByAge } from './migrations/0012-queue-by-age.ts'
import { flaggedOutput } from './migrations/0013-flagged-output.ts'
import type { Schema } from './schema.ts'
import { StoreFullError } from './sqlite/dialect.ts'

/** Every migration in order; the name is what the database remembers. */
export function migrationsFor(dialect: Dialect): Record<string, Migration> {
  return {
    '0001-first': first(dialect),
    '0002-shared': shared,
    '0003-standard-names': standardNames,
    '0004-cancelled-by': cancelledBy,
    '0005-one-queue': oneQueue,
    '0006-provider-blocks': providerBlocks,
    '0007-held-shares': heldShares(dialect),
    '0008-delivery': delivery,
    '0009-retention': retention,
    '0010-image-index': imageIndex,
    '0011-large-tables': largeTables,
    '0012-queue-by-age': queueByAge,
    '0013-flagged-output': flaggedOutput,
  }
}

/** The database was written by a newer version: continuing could misread its rows. */
export class NewerStoreError extends Error {
  override readonly name = 'NewerStoreError'

  constructor(unknown: readonly string[]) {
    super(`the database belongs to a newer version of Rushes (it has ${unknown.join(', ')}): start that version, or a later one`)
  }
}

/** The tables are those of an older version. Only the start of a bot migrates them. */
export class NotMigratedError extends Error {
  override readonly name = 'NotMigratedError'

  constructor() {
    super('The tables of this database are not up to date with this version of Rushes. Start the bot once: it migrates them.')
  }
}

/**
 * Migrates the tables, on a server those of `schema`: other schemas may hold tables of the same names. If several processes do so at once, the first
 * does the work and the others wait.
 */
export async function migrate(statements: Kysely<Schema>, dialect: Dialect, schema?: string): Promise<void> {
  const migrations = migrationsFor(dialect)
  const migrator = new Migrator({
    db: statements,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    ...(schema !== undefined && { migrationTableSchema: schema }),
  })
  const refuseNewer = async () => refuseUnknown(await appliedMigrations(statements, schema), migrations)
  await refuseNewer()
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  // A newer version may have started at the same moment and migrated first.
  await refuseNewer()
  if (error instanceof StoreFullError) throw error
  throw new Error('the database could not be migrated', { cause: error })
}

/** Throws unless the tables are those of this version. Changes nothing. */
export async function checkMigrated(statements: Kysely<Schema>, dialect: Dialect, schema?: string): Promise<void> {
  const migrations = migrationsFor(dialect)
  const applied = await appliedMigrations(statements, schema)
  refuseUnknown(applied, migrations)
  if (Object.keys(migrations).some((name) => !applied.includes(name))) throw new NotMigratedError()
}

function refuseUnknown(applied: readonly string[], migrations: Record<string, Migration>): void {
  const unknown = applied.filter((name) => !(name in migrations))
  if (unknown.length > 0) throw new NewerStoreError(unknown)
}

async function appliedMigrations(statements: Kysely<Schema>, schema: string | undefined): Promise<string[]> {
  const tables = await statements.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === historyTable && (schema === undefined || table.schema === schema))) return []
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(historyTable)} order by name`.execute(statements)
  return rows.map(({ name }) => name)
}
