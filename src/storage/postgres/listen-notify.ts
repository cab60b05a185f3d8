import { sql } from 'kysely'
import { type Client, escapeIdentifier } from 'pg'

import type { Log } from '../../lib/log.ts'
import { exponential, retry } from '../../lib/retry.ts'
import type { Database } from '../database.ts'
import { connectAlone } from './pool.ts'

/** Short words from process to process over PostgreSQL's LISTEN and NOTIFY. Whoever is not listening at that moment never hears them. */
export interface Channel {
  /** Tells everyone who listens, ourselves included. Returns at once and never throws. */
  send(words: string): void
  close(): Promise<void>
}

export interface ChannelOptions {
  url: string
  onWords: (words: string) => void
  /** The connection was lost and is back: words may have been missed meanwhile. */
  onGap: () => void
  log: Log
  /** How often the connection is asked whether it still stands, and how long the answer may take (milliseconds). */
  beat?: { everyMs: number; patienceMs: number } | undefined
}

/** Listens on a connection of its own, which is renewed for as long as it takes. Resolves once words can be heard. */
export async function openChannel(database: Database, { url, onWords, onGap, log, beat }: ChannelOptions): Promise<Channel> {
  // Names are the whole database's; ours are told apart by where the tables stand.
  const found = await sql<{ name: string }>`select left('rushes_' || current_schema(), 63) as name`.execute(database.statements)
  const name = found.rows[0]?.name ?? 'rushes'
  const statement = `listen ${escapeIdentifier(name)}`
  const closing = new AbortController()
  const sending = new Set<Promise<void>>()
  let client = await listen()
  let renewing: Promise<void> | undefined

  async function listen(): Promise<Client> {
    // Asked by listening once more, which changes nothing.
    const connection = await connectAlone(url, { statement, ...beat })
    try {
      connection.on('notification', ({ payload }) => onWords(payload ?? ''))
      await connection.query(statement)
      connection.once('end', () => {
        if (!closing.signal.aborted) renewing = renew()
      })
      return connection
    } catch (error) {
      await connection.end()
      throw error
    }
  }

  async function renew(): Promise<void> {
    log.warn({}, 'LISTEN connection lost; reconnecting')
    try {
      client = await retry(listen, {
        delays: exponential(250, 5000),
        signal: closing.signal,
        onRetry: (error) => log.warn({ error }, 'LISTEN connection could not be opened; retrying'),
      })
      onGap()
    } catch {
      // closed meanwhile
    }
  }

  return {
    send(words) {
      const sent = sql`select pg_notify(${name}, ${words})`
        .execute(database.statements)
        .then(
          () => undefined,
          (error: unknown) => log.warn({ error }, 'others could not be told of work; they find it at their next look'),
        )
        .finally(() => sending.delete(sent))
      sending.add(sent)
    },
    close: async () => {
      closing.abort()
      await renewing
      await client.end()
      await Promise.all(sending)
    },
  }
}
