import { expect, it, onTestFinished } from 'vitest'

import { type Channel, openChannel } from '../../src/storage/postgres/listen-notify.ts'
import { createCapturedLog } from '../support/captured-log.ts'
import { openLine } from '../support/line.ts'
import { hasPostgres, openPlace, temporaryPostgres } from './stores.ts'

it.skipIf(!hasPostgres)('a channel notices that nothing comes through any more, and is renewed', async () => {
  const url = await temporaryPostgres()
  const database = await openPlace({ url })
  const line = await openLine(url)
  const gap = Promise.withResolvers<undefined>()
  const heard = Promise.withResolvers<string>()
  const open = async (at: string, onWords: (words: string) => void): Promise<Channel> => {
    const { log } = createCapturedLog()
    const beat = { everyMs: 50, patienceMs: 500 }
    const channel = await openChannel(database, { url: at, onWords, onGap: () => gap.resolve(undefined), log, beat })
    onTestFinished(() => channel.close())
    return channel
  }
  await open(line.url, heard.resolve)
  const sender = await open(url, () => undefined)
  line.swallow()
  await gap.promise
  sender.send('words')
  expect(await heard.promise).toBe('words')
})
