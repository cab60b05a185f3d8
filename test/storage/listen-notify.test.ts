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
