import { Refusal } from '../domain/refusal.ts'
import type { Log } from '../lib/log.ts'
import { StoreSilentError } from './postgres/idle-timeout.ts'
import { StoreUnreachableError } from './postgres/server-errors.ts'
import { StoreFullError } from './sqlite/dialect.ts'

/**
 * A function that waits for a statement and, if it failed because the store cannot be used right now, throws the refusal that says so; the cause is
 * logged. Only for statements: a lost connection to anything else looks the same.
 */
export function createOutageRefusal(log: Log) {
  return async <Result>(statement: Promise<Result>): Promise<Result> => {
    try {
      return await statement
    } catch (error) {
      if (!isUnavailable(error)) throw error
      log.warn({ error }, 'store unavailable; the member was asked to try again')
      throw new Refusal('store-unavailable')
    }
  }
}

/** Connections, resources, stops and time-outs of PostgreSQL; locks and disks of SQLite; the network's own codes. */
const outages =
  /^(08...|53...|57P0.|57014|55000|55P03|25006|25P03|3D000|28...|E[A-Z]+|SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB)\w*)$/
/** The driver gives these no code. */
const lostConnection =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error)/

function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  if (!(error instanceof Error)) return false
  if ([StoreFullError, StoreSilentError, StoreUnreachableError].some((known) => error instanceof known)) return true
  return lostConnection.test(error.message) || ('code' in error && typeof error.code === 'string' && outages.test(error.code))
}
