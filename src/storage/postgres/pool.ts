import { PostgresDialect } from 'kysely'
import { Client, type ClientConfig, Pool, TypeOverrides, types } from 'pg'

import { type Beat, keepAsking, openSocket } from './idle-timeout.ts'

/** Connections that one process holds for its statements; a hundred are what a server allows by default, for all processes together. */
const connectionsPerProcess = 10
const connectTimeoutMs = 10_000

/** How long statements may take, in milliseconds; 0 is for ever. */
export interface StatementTimes {
  /** Waiting for a lock: longer than a transaction that was left open keeps one. The statement fails, its transaction is rolled back. */
  lockMs: number
  /** Without a byte from either side: then the connection is given up. */
  silenceMs: number
  /** By the server's watch: ends what goes on there though nobody waits for it any more. */
  statementMs: number
}

const ordinaryTimes: StatementTimes = { lockMs: 20_000, silenceMs: 30_000, statementMs: 60_000 }

/** For migrations, which may rewrite tables, and wait for another process that does. */
export const patientTimes: StatementTimes = { lockMs: 0, silenceMs: 0, statementMs: 0 }

/** PostgreSQL could not be reached or would not let us in. Holds the server's code only: its own words may repeat what stands in the URL. */
export class StoreUnreachableError extends Error {
  override readonly name = 'StoreUnreachableError'

  constructor(cause: unknown) {
    super(`the PostgreSQL server of DATABASE_URL cannot be used (${codeOf(cause)}): is it running, and are user and database right?`)
  }
}

/** A pool of connections for statements. A connection that breaks is reported and replaced, whether it was in use or not. */
export function createPostgresDialect(
  url: string,
  onError: (error: Error) => void,
  { lockMs, silenceMs, statementMs }: StatementTimes = ordinaryTimes,
): PostgresDialect {
  const pool = new Pool({
    ...connectionTo(url, silenceMs),
    lock_timeout: lockMs,
    statement_timeout: statementMs,
    max: connectionsPerProcess,
    connectionTimeoutMillis: connectTimeoutMs,
    types: numbersForIntegers(),
    // A process that stands still in the middle of a transaction must not keep wallets, providers and claims locked for everyone.
    idle_in_transaction_session_timeout: 5000,
  })
  // The pool itself hears only of idle connections; one in use would end the process.
  pool.on('connect', (client) => void client.on('error', onError))
  pool.on('error', () => undefined) // the same error, which was reported above
  return new PostgresDialect({ pool })
}

/**
 * A connection of its own, for what lives as long as a connection does: listening, and locks held for life. It is asked now and then whether it still
 * stands, and ends where no answer comes. The caller ends it.
 */
export async function connectAlone(url: string, beat: Partial<Beat> = {}): Promise<Client> {
  const client = new Client({ ...connectionTo(url, 0), connectionTimeoutMillis: connectTimeoutMs })
  client.on('error', () => undefined) // whoever uses it hears of the end by its `end` event
  try {
    await client.connect()
    keepAsking(client, { ...usualBeat, ...beat })
    return client
  } catch (error) {
    throw new StoreUnreachableError(error)
  }
}

const usualBeat: Beat = { statement: 'select 1', everyMs: 10_000, patienceMs: 10_000 }

function connectionTo(connectionString: string, silenceMs: number): ClientConfig {
  return {
    connectionString,
    application_name: 'rushes',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    stream: () => openSocket(silenceMs),
  }
}

/** Money and times are 64-bit integers far below 2^53; the driver would hand them over as text. */
function numbersForIntegers(): TypeOverrides {
  const overrides = new TypeOverrides()
  overrides.setTypeParser(types.builtins.INT8, toSafeInteger)
  return overrides
}

function toSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a number in the store is too large to be told exactly')
  return value
}

function codeOf(error: unknown): string {
  // Several addresses of one name that all refuse come as one error that holds theirs.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : 'no answer'
}
