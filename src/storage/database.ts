import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import type { StoreLocation } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { createLog, type Log } from '../lib/log.ts'
import { createFolder, explainFileError } from './sqlite/file-errors.ts'
import { lockStore, realFile } from './sqlite/file-lock.ts'
import { checkMigrated, migrate } from './migrate.ts'
import { createPostgresDialect, imageConnections, noTimeouts } from './postgres/pool.ts'
import { explainServerError, StoreUnreachableError } from './postgres/server-errors.ts'
import type { Schema } from './schema.ts'
import { createSqliteDialect } from './sqlite/dialect.ts'
import { createSetAside, type SetAside } from './unreadable-rows.ts'

/** Where a statement can be sent: the database itself, or a transaction. */
export type Statements = Kysely<Schema> | Transaction<Schema>

/** The durable store. Inside `transaction`, use only its own handle: the outer one would wait for itself. */
export interface Database {
  readonly statements: Kysely<Schema>
  /** For the bytes of images, with connections of its own: a slow line that is busy with images keeps nothing else waiting. */
  readonly imageStatements: Kysely<Schema>
  /** Milliseconds since the epoch by the database's clock, which all processes share. */
  readonly now: RawBuilder<number>
  /** The server's URL, if other processes may share the database; a secret. Undefined for a file, which belongs to this process alone. */
  readonly sharedUrl: string | undefined
  readonly setAside: SetAside
  transaction<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Gets every lost connection (the pool replaces it) and every row that cannot be read. */
  log?: Log | undefined
  /** Ends the wait for the server, or for another process that migrates: rejects with its reason. */
  signal?: AbortSignal | undefined
}

const silent = createLog({ level: 'silent' })

/** Opens the database and migrates it. A missing file is created, and the file is locked against a second process. */
export async function openDatabase(location: StoreLocation, { log = silent, signal }: DatabaseOptions = {}): Promise<Database> {
  if ('url' in location) return openServer(location.url, log, signal)
  try {
    return await openFile(location.file, log)
  } catch (error) {
    throw explainFileError(location.file, error)
  }
}

/** The time by which rates are kept, in milliseconds since the epoch: the database's where processes share it, because their clocks may differ. */
export async function sharedNow({ sharedUrl, statements, now }: Database, clock: Clock): Promise<number> {
  if (sharedUrl === undefined) return clock.now()
  const { moment } = await statements.selectNoFrom(now.as('moment')).executeTakeFirstOrThrow()
  return moment
}

/** Opens the database of a bot that may be running, to read it and to leave decisions there. Takes no lock and changes no table. */
export function openAlongside(location: StoreLocation): Database {
  return 'file' in location
    ? sqliteDatabase(new Kysely({ dialect: createSqliteDialect(location.file, { mustExist: true }) }), silent)
    : postgresDatabase(location.url, silent)
}

/** There is no SQLite file where the configuration says. */
export class NoStoreError extends Error {
  override readonly name = 'NoStoreError'

  constructor(file: string) {
    super(`There is no database at ${file}. Start the bot once, or set DATA_DIR or DATABASE_URL as the bot has them.`)
  }
}

/** `openAlongside` for programs that need the tables of this version; what it throws says what to do. */
export async function openMigrated(location: StoreLocation): Promise<Database> {
  if ('file' in location && !existsSync(location.file)) throw new NoStoreError(location.file)
  let database: Database | undefined
  try {
    database = openAlongside(location)
    const { statements } = database
    if ('file' in location) await checkMigrated(statements, 'sqlite')
    else await checkMigrated(statements, 'postgres', await currentSchema(statements))
    return database
  } catch (error) {
    await database?.close()
    throw 'file' in location ? explainFileError(location.file, error) : explainServerError(error)
  }
}

async function openFile(path: string, log: Log): Promise<Database> {
  createFolder(dirname(resolve(path)))
  const file = realFile(path)
  const lock = lockStore(file)
  let database: Database | undefined
  const close = async () => {
    await database?.close()
    lock.release()
  }
  try {
    database = sqliteDatabase(new Kysely({ dialect: createSqliteDialect(file) }), log)
    await migrate(database.statements, 'sqlite')
    return { ...database, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openServer(url: string, log: Log, signal?: AbortSignal): Promise<Database> {
  const migrating = new Kysely<Schema>({ dialect: createPostgresDialect(url, reportTo(log), { timeouts: noTimeouts, signal }) })
  try {
    await migrate(migrating, 'postgres', await currentSchema(migrating))
  } catch (error) {
    signal?.throwIfAborted()
    throw explainServerError(error)
  } finally {
    await migrating.destroy()
  }
  return postgresDatabase(url, log)
}

function reportTo(log: Log): (error: Error) => void {
  return (error) => log.warn({ error }, 'database connection lost')
}

function sqliteDatabase(statements: Kysely<Schema>, log: Log): Database {
  return {
    statements,
    imageStatements: statements,
    now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
    sharedUrl: undefined,
    setAside: createSetAside(log),
    transaction: (work) => statements.transaction().execute(work),
    close: () => statements.destroy(),
  }
}

function postgresDatabase(url: string, log: Log): Database {
  const statements = new Kysely<Schema>({ dialect: createPostgresDialect(url, reportTo(log)) })
  const imageStatements = new Kysely<Schema>({ dialect: createPostgresDialect(url, reportTo(log), { connections: imageConnections }) })
  return {
    statements,
    imageStatements,
    now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
    sharedUrl: url,
    setAside: createSetAside(log),
    // After waiting for a lock, the next statement must see what its former holder wrote, whatever the server's default is.
    transaction: (work) => statements.transaction().setIsolationLevel('read committed').execute(work),
    close: async () => {
      await Promise.all([statements.destroy(), imageStatements.destroy()])
    },
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
