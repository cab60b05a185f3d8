import type { Client } from 'pg'

import { connectAlone } from './postgres.ts'
import { waited } from './wait.ts'

/** Somebody else holds one of the names. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError'
  /** The name as it was asked for. */
  readonly taken: string

  constructor(taken: string) {
    super(`another process holds "${taken}"`)
    this.taken = taken
  }
}

/** Names that no other process on the same store can hold while this one lives. */
export interface HeldNames {
  release(): Promise<void>
}

export interface HoldOptions {
  url: string
  names: readonly string[]
  /** The connection broke, and by the time it was back somebody else held this name. Called at most once. */
  onTaken: (name: string) => void
}

/** A predecessor that was just killed is gone within this time (milliseconds). */
const patienceMs = 2000
const askAgainMs = 200
const reconnectMs = 1000

/**
 * Holds names as PostgreSQL holds its advisory locks: for as long as the connection lasts, which ends with the process however it ends. Throws
 * `NameTakenError` if one is held by another process.
 */
export async function holdNames({ url, names, onTaken }: HoldOptions): Promise<HeldNames> {
  const closing = new AbortController()
  let renewing: Promise<void> | undefined
  let client = await hold()

  async function hold(): Promise<Client> {
    const connection = await connectAlone(url)
    try {
      // A machine that vanished without a word would otherwise hold its names for hours.
      await connection.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3')
      for (const name of names) await take(connection, name, closing.signal)
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
    while (await waited(reconnectMs, closing.signal)) {
      try {
        client = await hold()
        return
      } catch (error) {
        if (!(error instanceof NameTakenError)) continue // the server is still away
        onTaken(error.taken)
        return
      }
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

async function take(connection: Client, name: string, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += askAgainMs) {
    const { rows } = await connection.query<{ taken: boolean }>(
      `select pg_try_advisory_lock(hashtextextended('rushes/' || current_schema() || '/' || $1, 0)) as taken`,
      [name],
    )
    if (rows[0]?.taken) return
    if (waitedMs >= patienceMs || !(await waited(askAgainMs, signal))) throw new NameTakenError(name)
  }
}
