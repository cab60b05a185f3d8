import SQLite from 'better-sqlite3'
import { CompiledQuery, type DatabaseConnection, type SqliteDatabase, SqliteDialect, SqliteDriver } from 'kysely'

import { createEventLoopTurns } from './event-loop-turns.ts'

/** The disk is full. Nothing of the failed transaction was written; later ones succeed once there is space. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError'

  constructor(file: string, cause: unknown) {
    super(`the disk that holds ${file} is full: free some space or move DATA_DIR, the bot then continues by itself`, { cause })
  }
}

/**
 * Kysely begins SQLite transactions deferred, so two could read the same balance and then collide on the write. Ours read in order to write, so they
 * take the write lock at once.
 */
class StoreDriver extends SqliteDriver {
  readonly #database: SQLite.Database
  readonly #turn = createEventLoopTurns()

  constructor(database: SQLite.Database) {
    super({ database: keepStatements(database) })
    this.#database = database
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turn()
    return explainFullDisk(await super.acquireConnection(), this.#database.name)
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // After some errors, as on a full disk, SQLite has rolled back by itself; a second rollback would fail and hide the reason.
    if (this.#database.inTransaction) await super.rollbackTransaction(connection)
  }
}

const mostStatements = 500

/** Prepares each statement once. */
function keepStatements(database: SQLite.Database): SqliteDatabase {
  const kept = new Map<string, SQLite.Statement>()
  return {
    close: () => void database.close(),
    prepare: (sql) => {
      const known = kept.get(sql)
      if (known) return known
      // Lists of every length would fill the memory.
      if (kept.size >= mostStatements) kept.clear()
      const statement = database.prepare(sql)
      kept.set(sql, statement)
      return statement
    },
  }
}

function explainFullDisk(connection: DatabaseConnection, file: string): DatabaseConnection {
  return {
    executeQuery: async (query) => {
      try {
        return await connection.executeQuery(query)
      } catch (error) {
        throw error instanceof SQLite.SqliteError && error.code === 'SQLITE_FULL' ? new StoreFullError(file, error) : error
      }
    },
    streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
  }
}

/** One file, written to disk at every commit: it holds the money. */
export function createSqliteDialect(file: string, { mustExist = false } = {}): SqliteDialect {
  const database = new SQLite(file, { fileMustExist: mustExist })
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('busy_timeout = 5000')
  return Object.assign(new SqliteDialect({ database }), { createDriver: () => new StoreDriver(database) })
}
