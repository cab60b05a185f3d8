import SQLite from 'better-sqlite3'
import pg from 'pg'

/** One execution of one SQL statement, `begin` and `commit` included. */
export interface ExecutedStatement {
  text: string
  values: readonly unknown[]
  /** SQLite only: it ended a transaction, or was one by itself and wrote. PostgreSQL counts its commits itself. */
  isCommit: boolean
}

/**
 * Calls the listener for every statement that this process sends to a database from now on. Hooks into the drivers, because neither Kysely's log nor its
 * plugins see every statement. To be called before a database is opened.
 */
export function observeStatements(listener: (statement: ExecutedStatement) => void): void {
  observePostgres(listener)
  observeSqlite(listener)
}

function observePostgres(listener: (statement: ExecutedStatement) => void): void {
  const { prototype } = pg.Client
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the client below
  const query: (...words: unknown[]) => unknown = prototype.query
  const observed = function (this: pg.Client, ...words: unknown[]): unknown {
    const [first, second] = words
    const config =
      typeof first === 'object' && first !== null ? (first as { text?: unknown; values?: unknown }) : { text: first, values: second }
    if (typeof config.text === 'string')
      listener({ text: config.text, values: Array.isArray(config.values) ? config.values : [], isCommit: false })
    return query.apply(this, words)
  }
  Object.assign(prototype, { query: observed })
}

const executions = ['run', 'get', 'all', 'iterate'] as const

function observeSqlite(listener: (statement: ExecutedStatement) => void): void {
  const prototype = SQLite.prototype
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the database below
  const prepare: (text: string) => SQLite.Statement = prototype.prepare
  const observed = function (this: SQLite.Database, text: string): SQLite.Statement {
    const statement = prepare.call(this, text)
    const isTransactionEnd = /^\s*(commit|end)\b/i.test(text)
    for (const name of executions) {
      const execute: (...values: unknown[]) => unknown = statement[name].bind(statement)
      const executeObserved = (...values: unknown[]) => {
        const writesAlone = !statement.readonly && !this.inTransaction
        const result = execute(...values)
        // A `begin immediate` counts as a write, but leaves the transaction open.
        listener({ text, values, isCommit: isTransactionEnd || (writesAlone && !this.inTransaction) })
        return result
      }
      Object.assign(statement, { [name]: executeObserved })
    }
    return statement
  }
  Object.assign(prototype, { prepare: observed })
}
