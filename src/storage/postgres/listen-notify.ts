import { sql } from 'kysely'
import { type Client, escapeIdentifier } from 'pg'

import { createBatches } from '../../lib/concurrency/batches.ts'
import { sleep } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { exponential, retry } from '../../lib/retry.ts'
import type { Database } from '../database.ts'
import type { Heartbeat } from './idle-timeout.ts'
import { connectDedicated } from './pool.ts'

/** Short messages between processes by LISTEN and NOTIFY. A process that is not listening at that moment never receives them. */
export interface Channel {
  /** Sends to every listener, ourselves included. Returns at once and never throws. */
  send(message: string): void
  close(): Promise<void>
}

export interface ChannelOptions {
  url: string
  onMessage: (message: string) => void
  /** The connection was lost and is back: messages may have been missed. */
  onReconnect: () => void
  log: Log
  heartbeat?: Partial<Heartbeat> | undefined
}

/** Milliseconds between two statements. A message that comes alone is sent at once; many cost one statement, and notify every listener once. */
const sendEveryMs = 20
const mostAtOnce = 1000

/** Listens on a dedicated connection, which is opened again whenever it is lost. Resolves once it listens. */
export async function openChannel(database: Database, { url, onMessage, onReconnect, log, heartbeat }: ChannelOptions): Promise<Channel> {
  // Channels belong to the whole database; the schema separates installations.
  const found = await sql<{ name: string }>`select left('rushes_' || current_schema(), 63) as name`.execute(database.statements)
  const name = found.rows[0]?.name ?? 'rushes'
  const statement = `listen ${escapeIdentifier(name)}`
  const closing = new AbortController()
  const sending = new Set<Promise<unknown>>()
  const sendSoon = createBatches({ work: sendAll, most: mostAtOnce })
  let client = await listen()
  let reconnecting: Promise<void> | undefined

  async function listen(): Promise<Client> {
    // Its heartbeat listens again, which changes nothing.
    const connection = await connectDedicated(url, { statement, ...heartbeat })
    try {
      connection.on('notification', ({ payload }) => onMessage(payload ?? ''))
      await connection.query(statement)
      connection.once('end', () => {
        if (!closing.signal.aborted) reconnecting = reconnect()
      })
      return connection
    } catch (error) {
      await connection.end()
      throw error
    }
  }

  async function reconnect(): Promise<void> {
    log.warn({}, 'LISTEN connection lost; reconnecting')
    try {
      client = await retry(listen, {
        delays: exponential(250, 5000),
        signal: closing.signal,
        onRetry: (error) => log.warn({ error }, 'LISTEN connection could not be opened; retrying'),
      })
      onReconnect()
    } catch {
      // closed meanwhile
    }
  }

  async function sendAll(messages: readonly string[]): Promise<(() => void)[]> {
    try {
      // Of equal messages in one statement the server delivers one.
      await sql`select pg_notify(${name}, message) from unnest(${messages}::text[]) as message`.execute(database.statements)
    } catch (error) {
      log.warn({ error }, 'NOTIFY failed; other processes find the work at their next poll')
    }
    // A stop does not wait for what nobody sends any more.
    await sleep(sendEveryMs, closing.signal)
    return messages.map(() => () => undefined)
  }

  return {
    send(message) {
      const sent = sendSoon(message).finally(() => sending.delete(sent))
      sending.add(sent)
    },
    close: async () => {
      closing.abort()
      await reconnecting
      await client.end()
      await Promise.all(sending)
    },
  }
}
