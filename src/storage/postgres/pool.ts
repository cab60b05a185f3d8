import { PostgresDialect } from 'kysely'
import { Client, type ClientConfig, Pool, TypeOverrides, types } from 'pg'

import { type Heartbeat, openSocket, startHeartbeat } from './idle-timeout.ts'
import { StoreUnreachableError } from './server-errors.ts'

/** A server allows 100 connections by default, for all processes together. */
const usualConnections = 8
export const imageConnections = 2

/** Limits of a statement in milliseconds; 0 means none. */
export interface StatementTimeouts {
  /** Waiting for a lock: longer than an abandoned transaction keeps one. Then the transaction is rolled back. */
  lockMs: number
  /** Without a byte from either side. Then the connection is destroyed. */
  silenceMs: number
  /** Enforced by the server, also when this process no longer waits. */
  statementMs: number
}

const defaultTimeouts: StatementTimeouts = { lockMs: 20_000, silenceMs: 30_000, statementMs: 60_000 }

/** For migrations, which may rewrite tables or wait for another process that does. */
export const noTimeouts: StatementTimeouts = { lockMs: 0, silenceMs: 0, statementMs: 0 }

export interface PoolOptions {
  timeouts?: StatementTimeouts
  /** The most that are open at once. */
  connections?: number
  /** Destroys every connection, also one whose statement waits for a lock. */
  signal?: AbortSignal | undefined
}

/** A pool of connections for statements. `onError` gets every lost connection; the pool replaces it. */
export function createPostgresDialect(
  url: string,
  onError: (error: Error) => void,
  { timeouts: { lockMs, silenceMs, statementMs } = defaultTimeouts, connections = usualConnections, signal }: PoolOptions = {},
): PostgresDialect {
  const pool = new Pool({
    ...connectionTo(url, silenceMs, signal),
    lock_timeout: lockMs,
    statement_timeout: statementMs,
    max: connections,
    types: numbersForIntegers(),
    // A stalled process must not keep wallets, providers and claims locked for the others.
    idle_in_transaction_session_timeout: 5000,
  })
  // The pool handles errors of idle connections only; an error of one in use would end the process.
  pool.on('connect', (client) => void client.on('error', onError))
  pool.on('error', () => undefined) // already reported above
  return new PostgresDialect({ pool })
}

/** A dedicated connection for what lasts as long as a connection: LISTEN and advisory locks. Its heartbeat ends it when the server is gone; the caller ends it otherwise. */
export async function connectDedicated(url: string, heartbeat: Partial<Heartbeat> = {}, signal?: AbortSignal): Promise<Client> {
  const client = new Client(connectionTo(url, 0, signal))
  client.on('error', () => undefined) // its user is notified by the `end` event
  try {
    await client.connect()
    startHeartbeat(client, { ...defaultHeartbeat, ...heartbeat })
    return client
  } catch (error) {
    signal?.throwIfAborted()
    throw new StoreUnreachableError(error)
  }
}

const defaultHeartbeat: Heartbeat = { statement: 'select 1', everyMs: 10_000, timeoutMs: 10_000 }

function connectionTo(connectionString: string, silenceMs: number, signal?: AbortSignal): ClientConfig {
  return {
    connectionString,
    application_name: 'rushes',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    stream: () => openSocket(silenceMs, signal),
  }
}

/** Money and times are 64-bit integers far below 2^53, which the driver would return as text. */
function numbersForIntegers(): TypeOverrides {
  const overrides = new TypeOverrides()
  overrides.setTypeParser(types.builtins.INT8, (text) => {
    const value = Number(text)
    if (!Number.isSafeInteger(value)) throw new RangeError('a stored number exceeds the safe integers')
    return value
  })
  return overrides
}
