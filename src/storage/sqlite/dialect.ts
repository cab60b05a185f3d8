import SQLite from 'better-sqlite3'
import { CompiledQuery, type DatabaseConnection, SqliteDialect, SqliteDriver } from 'kysely'

/**
 * Kysely begins SQLite transactions deferred, so two could read the same balance and then collide on the write. Ours read in order to write, so they
 * take the write lock at once.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

/** One file, written to disk at every commit: it holds the money. */
export function createSqliteDialect(file: string, { mustExist = false } = {}): SqliteDialect {
  const database = new SQLite(file, { fileMustExist: mustExist })
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('busy_timeout = 5000')
  return Object.assign(new SqliteDialect({ database }), { createDriver: () => new ImmediateDriver({ database }) })
}
