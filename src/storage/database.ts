import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

import { Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import type { StoreLocation } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { lockStore } from './sqlite/file-lock.ts'
import { migrate } from './migrate.ts'
import { createPostgresDialect, noTimeouts, StoreUnreachableError } from './postgres/pool.ts'
import type { Schema } from './schema.ts'
import { createSqliteDialect } from './sqlite/dialect.ts'

/** Where a statement can be sent: the database itself, or a transaction. */
export type Statements = Kysely<Schema> | Transaction<Schema>

/** The durable store. Inside `transaction`, use only its own handle: the outer one would wait for itself. */
export interface Database {
  readonly statements: Kysely<Schema>
  /** Milliseconds since the epoch by the database's clock, which all processes share. */
  readonly now: RawBuilder<number>
  /** The server's URL, if other processes may share the database; a secret. Undefined for a file, which belongs to this process alone. */
  readonly sharedUrl: string | undefined
  transaction<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

type OnError = (error: Error) => void
const ignore: OnError = () => undefined

/**
 * Opens the database and migrates it. A missing file is created, and the file is locked against a second process. `onError` is called for every lost
 * connection; the pool replaces it.
 */
export async function openDatabase(location: StoreLocation, onError = ignore): Promise<Database> {
  return 'file' in location ? openFile(location.file) : openServer(location.url, onError)
}

/** The time by which rates are kept, in milliseconds since the epoch: the database's where processes share it, because their clocks may differ. */
export async function sharedNow({ sharedUrl, statements, now }: Database, clock: Clock): Promise<number> {
  if (sharedUrl === undefined) return clock.now()
  const { moment } = await statements.selectNoFrom(now.as('moment')).executeTakeFirstOrThrow()
  return moment
}

/** Opens the database of a bot that may be running, to read it and to leave decisions there. Takes no lock and changes no table. */
export function openBeside(location: StoreLocation): Database {
  return 'file' in location
    ? sqliteDatabase(new Kysely({ dialect: createSqliteDialect(location.file, { mustExist: true }) }))
    : postgresDatabase(location.url, ignore)
}

async function openFile(file: string): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true })
  const lock = lockStore(file)
  const database = sqliteDatabase(new Kysely({ dialect: createSqliteDialect(file) }))
  const close = async () => {
    await database.close()
    lock.release()
  }
  try {
    await migrate(database.statements, 'sqlite')
    return { ...database, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openServer(url: string, onError: OnError): Promise<Database> {
  const migrating = new Kysely<Schema>({ dialect: createPostgresDialect(url, onError, noTimeouts) })
  try {
    await migrate(migrating, 'postgres', await currentSchema(migrating))
  } finally {
    await migrating.destroy()
  }
  return postgresDatabase(url, onError)
}

function sqliteDatabase(statements: Kysely<Schema>): Database {
  return {
    statements,
    now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
    sharedUrl: undefined,
    transaction: (work) => statements.transaction().execute(work),
    close: () => statements.destroy(),
  }
}

function postgresDatabase(url: string, onError: OnError): Database {
  const statements = new Kysely<Schema>({ dialect: createPostgresDialect(url, onError) })
  return {
    statements,
    now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
    sharedUrl: url,
    // After waiting for a lock, the next statement must see what its former holder wrote, whatever the server's default is.
    transaction: (work) => statements.transaction().setIsolationLevel('read committed').execute(work),
    close: () => statements.destroy(),
  }
}

async function currentSchema(statements: Kysely<Schema>): Promise<string> {
  try {
    const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(statements)
    return rows[0]?.schema ?? 'public'
  } catch (error) {
    throw new StoreUnreachableError(error)
  }
}
