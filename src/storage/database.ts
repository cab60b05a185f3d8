import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

import { Kysely, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'

import { lockStore } from './lock.ts'
import { migrations } from './migrations/index.ts'
import type { Schema } from './schema.ts'
import { createSqliteDialect } from './sqlite.ts'

/** Everything a statement can be sent through: the store itself, or the transaction it belongs to. */
export type Statements = Kysely<Schema> | Transaction<Schema>

/** The durable store. Inside `transaction` only the handle it gives may be used: the outer one would wait for itself. */
export interface Database {
  readonly statements: Kysely<Schema>
  transaction<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** Opens the SQLite file (made where it is missing), takes its lock and brings its tables up to date. */
export async function openDatabase({ file }: { file: string }): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true })
  const lock = lockStore(file)
  try {
    const statements = new Kysely<Schema>({ dialect: createSqliteDialect(file) })
    await migrate(statements)
    return {
      statements,
      transaction: (work) => statements.transaction().execute(work),
      close: async () => {
        await statements.destroy()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Opens the file of a bot that may be running, to read it and to leave wishes there; takes no lock and changes no table. */
export function openBeside({ file }: { file: string }): Database {
  const statements = new Kysely<Schema>({ dialect: createSqliteDialect(file, { mustExist: true }) })
  return {
    statements,
    transaction: (work) => statements.transaction().execute(work),
    close: () => statements.destroy(),
  }
}

async function migrate(statements: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db: statements, provider: { getMigrations: () => Promise.resolve(migrations) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw new Error('the database could not be brought up to date', { cause: error })
}
