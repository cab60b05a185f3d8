import { randomUUID } from 'node:crypto'

import type { Log } from '../../lib/log.ts'
import { openChannel } from '../../storage/postgres/listen-notify.ts'
import type { Database } from '../../storage/database.ts'
import { sleep } from '../../lib/sleep.ts'
import { createNotifier, type Notifier } from './notifier.ts'

export interface PostgresNotifierOptions {
  url: string
  log: Log
  /** Milliseconds of the wall between looks into the store for what was left there without anybody being heard. */
  lookEveryMs?: number | undefined
}

/**
 * Between all processes on one PostgreSQL server: by NOTIFY, and behind it by a slow look into the store, because words that nobody could hear are
 * gone. Our own listeners are woken at once.
 */
export async function createPostgresNotifier(
  database: Database,
  { url, log, lookEveryMs = 10_000 }: PostgresNotifierOptions,
): Promise<Notifier> {
  const here = createNotifier()
  const sender = randomUUID()
  const closing = new AbortController()
  const known = new Map<string, string>()

  /** Wakes those for whom something was left since the last look. */
  async function look(): Promise<void> {
    const ids = here.listenedFor()
    const traces = await readTraces(database, ids)
    for (const id of known.keys()) if (!traces.has(id)) known.delete(id)
    for (const [id, trace] of traces) {
      const isNews = trace !== (known.get(id) ?? nothingLeft)
      known.set(id, trace)
      if (isNews) here.notify(id)
    }
  }

  async function tryLook(): Promise<void> {
    try {
      await look()
    } catch (error) {
      log.warn({ error }, 'the store could not be looked through')
    }
  }

  async function keepLooking(): Promise<void> {
    while (await sleep(lookEveryMs, closing.signal)) await tryLook()
  }

  const channel = await openChannel(database, {
    url,
    log,
    onMessage: (words) => {
      const [from, generationId = ''] = words.split(' ')
      if (from === sender) return
      if (generationId === '') here.notifyWork()
      else here.notify(generationId)
    },
    onReconnect: () => {
      here.notifyWork()
      void tryLook()
    },
  })
  const looking = keepLooking()

  return {
    onNotification: (generationId, listener) => here.onNotification(generationId, listener),
    onWork: (listener) => here.onWork(listener),
    notify: (generationId) => {
      here.notify(generationId)
      channel.send(`${sender} ${generationId}`)
    },
    notifyWork: () => {
      here.notifyWork()
      channel.send(sender)
    },
    close: async () => {
      closing.abort()
      await looking
      await channel.close()
    },
  }
}

const nothingLeft = 'no/0'

/** What was left for each of these generations, as text that changes with every new thing. */
async function readTraces({ statements }: Database, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await statements
    .selectFrom('generations')
    .leftJoin('attempts', 'attempts.generation_id', 'generations.id')
    .leftJoin('webhook_events', 'webhook_events.attempt_id', 'attempts.id')
    .select((count) => [
      'generations.id',
      'generations.cancel_requested_at',
      count.fn.count<number>('webhook_events.delivery_id').as('events'),
    ])
    .where('generations.id', 'in', ids)
    .groupBy(['generations.id', 'generations.cancel_requested_at'])
    .execute()
  return new Map(rows.map(({ id, cancel_requested_at: wish, events }) => [id, `${wish ?? 'no'}/${events}`]))
}
