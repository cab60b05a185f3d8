import type { Client } from 'pg'

import { retry } from '../../lib/retry.ts'
import { sleep } from '../../lib/clock.ts'
import { type Backend, backendOf, endBackends, lockExclusive, lockShared, type LockHolder } from './advisory-locks.ts'
import type { Heartbeat } from './idle-timeout.ts'
import { connectDedicated } from './pool.ts'

/** Another process holds one of the names, or the shared one with another value. */
export class LockTakenError extends Error {
  override readonly name = 'LockTakenError'
  readonly taken: string
  /** For the shared name: the value with which it is held. */
  readonly value: number | undefined

  constructor(taken: string, value?: number) {
    super(value === undefined ? `another process holds "${taken}"` : `another process holds "${taken}" with ${value}`)
    this.taken = taken
    this.value = value
  }
}

export interface ProcessLockOptions {
  url: string
  names: readonly string[]
  /** A name that many processes may hold with the same value. */
  shared?: { name: string; value: number } | undefined
  /** The connection was lost, and another process took this name (the shared one: with this value) before it was back. Called at most once. */
  onTaken: (name: string, value: number | undefined) => void
  /** Shows other processes that this one lives. */
  heartbeat?: Partial<Heartbeat> | undefined
  /** Ends the wait for the names: rejects with its reason. */
  signal?: AbortSignal | undefined
}

/** A predecessor that was just stopped or killed is gone within this time (milliseconds). */
const takeoverMs = 2000
/** The same for a predecessor whose machine or network vanished: the server's keepalive notices after 25 seconds. */
const takeoverFromSilentMs = 35_000
/** Several times within `takeoverMs`. */
const defaultHeartbeat = { everyMs: 1000, timeoutMs: 10_000 }
const recheckMs = 200
const reconnectMs = 1000

/**
 * Holds names that no other process on the same database can hold while this one lives: as advisory locks, which last as long as the connection.
 * @throws {LockTakenError} if a living process holds one of them
 */
export async function acquireProcessLocks(options: ProcessLockOptions): Promise<{ release(): Promise<void> }> {
  const { url, names, shared, onTaken, heartbeat = defaultHeartbeat, signal: starting } = options
  const closing = new AbortController()
  let reconnecting: Promise<void> | undefined
  /** The backends of our connections so far; one may not have noticed yet that its connection is gone. */
  let backends: Backend[] = []
  let client = await hold(starting)

  async function hold(abandon?: AbortSignal): Promise<Client> {
    const connection = await connectDedicated(url, heartbeat, abandon)
    const signal = AbortSignal.any([closing.signal, ...(abandon ? [abandon] : [])])
    try {
      // Otherwise a machine that vanishes would hold its names for hours.
      await connection.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3')
      const backend = await backendOf(connection)
      await endBackends(connection, backends)
      backends.push(backend)
      if (shared) await acquire(shared.name, () => lockShared(connection, shared.name, shared.value), signal)
      for (const name of names) await acquire(name, () => lockExclusive(connection, name), signal)
      abandon?.throwIfAborted()
      backends = [backend]
    } catch (error) {
      await connection.end()
      abandon?.throwIfAborted()
      throw error
    }
    connection.once('end', () => {
      if (!closing.signal.aborted) reconnecting = reconnect()
    })
    return connection
  }

  async function reconnect(): Promise<void> {
    if (!(await sleep(reconnectMs, closing.signal))) return
    try {
      client = await retry(() => hold(), {
        delays: () => reconnectMs,
        signal: closing.signal,
        shouldRetry: (error) => !(error instanceof LockTakenError),
      })
    } catch (error) {
      if (error instanceof LockTakenError && !closing.signal.aborted) onTaken(error.taken, error.value)
    }
  }

  return {
    release: async () => {
      closing.abort()
      await reconnecting
      await client.end()
    },
  }
}

/** Tries until the name is ours or its holder turns out to be alive. Returns early once the signal is aborted. */
async function acquire(name: string, tryLock: () => Promise<LockHolder | undefined>, signal: AbortSignal): Promise<void> {
  let waitedMs = 0
  do {
    const holder = await tryLock()
    if (!holder) return
    const isAlive = holder.idleMs < waitedMs
    if (waitedMs >= (isAlive ? takeoverMs : takeoverFromSilentMs)) throw new LockTakenError(name, holder.value)
    waitedMs += recheckMs
  } while (await sleep(recheckMs, signal))
}
