import { randomUUID } from 'node:crypto'

import type { Log } from '../../lib/log.ts'
import { sleep } from '../../lib/clock.ts'
import type { Database } from '../../storage/database.ts'
import { openChannel } from '../../storage/postgres/listen-notify.ts'
import { createNotifier, type Notifier } from './notifier.ts'

export interface PostgresNotifierOptions {
  url: string
  log: Log
  /** Wall-clock milliseconds between polls of the store, for notifications that were missed. */
  pollEveryMs?: number | undefined
}

/**
 * Between all processes on one PostgreSQL server, by NOTIFY. Notifications can be missed, so we also poll the store slowly. Listeners in this process are
 * called at once.
 */
export async function createPostgresNotifier(
  database: Database,
  { url, log, pollEveryMs = 10_000 }: PostgresNotifierOptions,
): Promise<Notifier> {
  const local = createNotifier()
  const sender = randomUUID()
  const closing = new AbortController()
  const known = new Map<string, string>()

  async function poll(): Promise<void> {
    try {
      const versions = await readVersions(database, local.listenedIds())
      for (const id of known.keys()) if (!versions.has(id)) known.delete(id)
      for (const [id, version] of versions) {
        const hasChanged = version !== (known.get(id) ?? emptyVersion)
        known.set(id, version)
        if (hasChanged) local.notify(id)
      }
    } catch (error) {
      log.warn({ error }, 'polling the store for missed notifications failed')
    }
  }

  async function pollRegularly(): Promise<void> {
    while (await sleep(pollEveryMs, closing.signal)) await poll()
  }

  const channel = await openChannel(database, {
    url,
    log,
    onMessage: (message) => {
      const [from, generationId = ''] = message.split(' ')
      if (from === sender) return
      if (generationId === '') local.notifyWork()
      else local.notify(generationId)
    },
    onReconnect: () => {
      local.notifyWork()
      void poll()
    },
  })
  const polling = pollRegularly()

  return {
    onNotification: (generationId, listener) => local.onNotification(generationId, listener),
    onWork: (listener) => local.onWork(listener),
    notify: (generationId) => {
      local.notify(generationId)
      channel.send(`${sender} ${generationId}`)
    },
    notifyWork: () => {
      local.notifyWork()
      channel.send(sender)
    },
    close: async () => {
      closing.abort()
      await polling
      await channel.close()
    },
  }
}

const emptyVersion = 'no/0'

/** A text for each of these generations that changes whenever something is left for it. */
async function readVersions({ statements }: Database, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await statements
    .selectFrom('generations')
    .leftJoin('attempts', 'attempts.generation_id', 'generations.id')
    .leftJoin('webhook_events', 'webhook_events.attempt_id', 'attempts.id')
    .select(['generations.id', 'generations.cancel_requested_at'])
    .select((count) => count.fn.count<number>('webhook_events.delivery_id').as('events'))
    .where('generations.id', 'in', ids)
    .groupBy(['generations.id', 'generations.cancel_requested_at'])
    .execute()
  return new Map(rows.map(({ id, cancel_requested_at: cancelRequestedAt, events }) => [id, `${cancelRequestedAt ?? 'no'}/${events}`]))
}
