import { expect, it, onTestFinished } from 'vitest'

import { type Channel, openChannel } from '../../src/storage/postgres/listen-notify.ts'
import { createCapturedLog } from '../support/bot/captured-log.ts'
import { openPostgresProxy } from '../support/store/postgres-proxy.ts'
import { hasPostgres, openPlace, temporaryPostgres } from './stores.ts'

it.skipIf(!hasPostgres)('a channel notices a dead connection and reconnects', async () => {
  const url = await temporaryPostgres()
  const database = await openPlace({ url })
  const proxy = await openPostgresProxy(url)
  const reconnected = Promise.withResolvers<undefined>()
  const received = Promise.withResolvers<string>()
  const open = async (at: string, onMessage: (message: string) => void): Promise<Channel> => {
    const { log } = createCapturedLog()
    const heartbeat = { everyMs: 50, timeoutMs: 500 }
    const channel = await openChannel(database, { url: at, onMessage, onReconnect: () => reconnected.resolve(undefined), log, heartbeat })
    onTestFinished(() => channel.close())
    return channel
  }
  await open(proxy.url, received.resolve)
  const sender = await open(url, () => undefined)
  proxy.swallow()
  await reconnected.promise
  sender.send('message')
  expect(await received.promise).toBe('message')
})

it.skipIf(!hasPostgres)(
  'a channel sends what is said at the same time in one statement, each message once, and all before it is closed',
  async () => {
    const url = await temporaryPostgres()
    const database = await openPlace({ url })
    let statements = 0
    const counted = database.statements.withPlugin({
      transformQuery: ({ node }) => {
        if (JSON.stringify(node).includes('pg_notify')) statements += 1
        return node
      },
      transformResult: ({ result }) => Promise.resolve(result),
    })
    const received: string[] = []
    const { log } = createCapturedLog()
    const options = { url, onReconnect: () => undefined, log }
    const listener = await openChannel(database, { ...options, onMessage: (message) => void received.push(message) })
    onTestFinished(() => listener.close())
    const sender = await openChannel({ ...database, statements: counted }, { ...options, onMessage: () => undefined })
    for (let index = 0; index < 100; index += 1) for (const message of ['one', 'other']) sender.send(message)
    await sender.close()
    await expect.poll(() => received).toEqual(['one', 'other'])
    expect(statements).toBe(1)
  },
)
