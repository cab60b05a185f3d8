import { PostgresDialect } from 'kysely'
import { Client, type ClientConfig, Pool, TypeOverrides, types } from 'pg'

/** Connections that one process holds for its statements; a hundred are what a server allows by default, for all processes together. */
const connectionsPerProcess = 10
const connectTimeoutMs = 10_000

/** PostgreSQL could not be reached or would not let us in. Holds the server's code only: its own words may repeat what stands in the URL. */
export class StoreUnreachableError extends Error {
  override readonly name = 'StoreUnreachableError'

  constructor(cause: unknown) {
    super(`the PostgreSQL server of DATABASE_URL cannot be used (${codeOf(cause)}): is it running, and are user and database right?`)
  }
}

/** A pool of connections for statements. A connection that breaks is reported and replaced, whether it was in use or not. */
export function createPostgresDialect(url: string, onError: (error: Error) => void): PostgresDialect {
  const pool = new Pool({
    ...connectionTo(url),
    max: connectionsPerProcess,
    connectionTimeoutMillis: connectTimeoutMs,
    types: numbersForIntegers(),
    // A process that is stopped in the middle of a transaction must not keep the wallets locked for everyone.
    idle_in_transaction_session_timeout: 15_000,
  })
  // The pool itself hears only of idle connections; one in use would end the process.
  pool.on('connect', (client) => void client.on('error', onError))
  pool.on('error', () => undefined) // the same error, which was reported above
  return new PostgresDialect({ pool })
}

/** A connection of its own, for what lives as long as a connection does: listening, and locks held for life. The caller ends it. */
export async function connectAlone(url: string): Promise<Client> {
  const client = new Client({ ...connectionTo(url), connectionTimeoutMillis: connectTimeoutMs })
  client.on('error', () => undefined) // whoever uses it hears of the end by its `end` event
  try {
    await client.connect()
    return client
  } catch (error) {
    throw new StoreUnreachableError(error)
  }
}

function connectionTo(connectionString: string): ClientConfig {
  return { connectionString, application_name: 'rushes', keepAlive: true, keepAliveInitialDelayMillis: 10_000 }
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
