import type { Client } from 'pg'

import { retry } from '../../lib/retry.ts'
import { sleep } from '../../lib/sleep.ts'
import { type Backend, backendOf, endBackends, lockName, lockTogether, type Rival } from './advisory-locks.ts'
import { connectAlone } from './pool.ts'

/** Somebody else holds one of the names, or holds the common one with another value. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError'
  /** The name as it was asked for. */
  readonly taken: string
  /** Of the common name: the value with which it is held. */
  readonly value: number | undefined

  constructor(taken: string, value?: number) {
    super(value === undefined ? `another process holds "${taken}"` : `another process holds "${taken}" with ${value}`)
    this.taken = taken
    this.value = value
  }
}

/** Names that no other process on the same store can hold while this one lives. */
export interface HeldNames {
  release(): Promise<void>
}

export interface HoldOptions {
  url: string
  names: readonly string[]
  /** A name that all may hold together, as long as all mean the same value by it. */
  common?: { name: string; value: number } | undefined
  /** The connection broke, and by the time it was back somebody else held this name (the common one: with this value). Called at most once. */
  onTaken: (name: string, value: number | undefined) => void
  /** How often the connection is used, so that others see that we live, and how long an answer may take before it counts as lost (milliseconds). */
  beat?: { everyMs: number; patienceMs: number } | undefined
}

/** A predecessor that was just stopped or killed is gone within this time (milliseconds). */
const patienceMs = 2000
/** A predecessor whose machine or line vanished is gone within this time: the server's keepalive needs 25 seconds to miss it. */
const patienceWithTheSilentMs = 35_000
/** More often than the patience with those who live. */
const usualBeat = { everyMs: 1000, patienceMs: 10_000 }
const askAgainMs = 200
const reconnectMs = 1000

/**
 * Holds names as PostgreSQL holds its advisory locks: for as long as the connection lasts, which ends with the process however it ends. Throws
 * `NameTakenError` if one is held by another process that lives.
 */
export async function holdNames({ url, names, common, onTaken, beat = usualBeat }: HoldOptions): Promise<HeldNames> {
  const closing = new AbortController()
  let renewing: Promise<void> | undefined
  /** The server's ends of our connections so far, of which one may not know yet that ours is gone. */
  let backends: Backend[] = []
  let client = await hold()

  async function hold(): Promise<Client> {
    const connection = await connectAlone(url, beat)
    try {
      // A machine that vanished without a word would otherwise hold its names for hours.
      await connection.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3')
      const backend = await backendOf(connection)
      await endBackends(connection, backends)
      backends.push(backend)
      if (common) await take(common.name, () => lockTogether(connection, common.name, common.value), closing.signal)
      for (const name of names) await take(name, () => lockName(connection, name), closing.signal)
      backends = [backend]
    } catch (error) {
      await connection.end()
      throw error
    }
    connection.once('end', () => {
      if (!closing.signal.aborted) renewing = renew()
    })
    return connection
  }

  async function renew(): Promise<void> {
    if (!(await sleep(reconnectMs, closing.signal))) return
    try {
      client = await retry(hold, {
        delays: () => reconnectMs,
        signal: closing.signal,
        shouldRetry: (error) => !(error instanceof NameTakenError),
      })
    } catch (error) {
      if (error instanceof NameTakenError) onTaken(error.taken, error.value)
    }
  }

  return {
    release: async () => {
      closing.abort()
      await renewing
      await client.end()
    },
  }
}

/** Asks until the name is ours, or the one who holds it has been heard of again. Ends early, and quietly, once the signal is aborted. */
async function take(name: string, ask: () => Promise<Rival | undefined>, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; !signal.aborted; waitedMs += askAgainMs) {
    const rival = await ask()
    if (!rival || isAborted(signal)) return
    const isAlive = rival.silentMs < waitedMs
    if (waitedMs >= (isAlive ? patienceMs : patienceWithTheSilentMs)) throw new NameTakenError(name, rival.value)
    await sleep(askAgainMs, signal)
  }
}

/** Read anew: while something was awaited it may have been aborted. */
function isAborted({ aborted }: AbortSignal): boolean {
  return aborted
}
