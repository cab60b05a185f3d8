import { expect, it, onTestFinished } from 'vitest'

import { createDelivery } from '../../../src/discord/delivery/delivery.ts'
import { createMessages } from '../../../src/discord/rest/messages.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { createCardLock } from '../../../src/generations/store/card-lock.ts'
import { deliver } from '../../../src/generations/run/deliver.ts'
import { LeaseLost, Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { findGeneration, rememberMessage } from '../../../src/generations/store/generations.ts'
import { createNotifications } from '../../../src/generations/store/notifications.ts'
import type { Database } from '../../../src/storage/database.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { mp4 } from '../../support/media/mp4.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'
import { startScriptedDiscord } from '../../support/discord/scripted-discord.ts'

const owner = 'a-worker'
const [sqlite] = stores as [Store]
/** The token has expired, so the clip goes into a new message. */
const uploads = /^\/channels\/\d+\/messages\/4$/
const newMessages = /^\/channels\/\d+\/messages$/

async function setUp(database: Database) {
  const discord = await startScriptedDiscord({ applicationId: '1', guildId: '2', replyId: '3', messageIds: ['4'] })
  const clients = openRestClients({ api: discord.api, botToken: 'bot-token', onTokenRejected: () => undefined })
  onTestFinished(async () => {
    clients.close()
    await discord.close()
  })
  const [clock, { log }] = [createClock(100), createCapturedLog()]
  const delivery = createDelivery({
    ...{
      messages: createMessages(clients),
      clock,
      log,
      cardLock: createCardLock(database),
      uploadLimitOf: () => Promise.resolve(10_485_760),
    },
    rememberMessage: (id, messageId) => rememberMessage(database.statements, id, messageId),
    ...createNotifications(database, clock),
  })
  const { id } = await acceptGeneration(database, { now: clock.now() })
  const output = { state: 'delivering', owner, output_url: 'https://provider.example/clip.mp4' } as const
  await database.statements.updateTable('generations').set(output).where('id', '=', id).execute()
  const generation = await findGeneration(database.statements, id)
  if (!generation) throw new Error('it is there')
  const [pause, force] = [new AbortController(), new AbortController()]
  const context = {
    database,
    delivery,
    clock,
    log,
    owner,
    providers: new Map(),
    outputLifetimes: new Map(),
    download: () => Promise.resolve(new Uint8Array(mp4())),
  }
  const delivered = deliver(generation, context, { pause: pause.signal, force: force.signal, mayBePosted: false })
  return { discord, generation, delivered, pause }
}

it.each([
  [new LeaseLost('the lease was lost'), 'is aborted, because the clip may belong to another process'],
  [new Stopping(), 'finishes'],
])('an upload under way when %s %s', async (reason, expected) => {
  const database = await openStore(sqlite)
  const { discord, delivered, pause } = await setUp(database)
  const release = discord.hold('PATCH', uploads)
  const ended = delivered.then(
    (result) => result.delivered.state,
    (error: unknown) => error,
  )
  await discord.call('PATCH', uploads)
  pause.abort(reason)
  if (expected === 'finishes') release()
  expect(await ended).toEqual(expected === 'finishes' ? 'done' : reason)
  release()
})

it.each(stores)(
  'a clip that another process has taken over is not posted in a new message, nor given up as undeliverable, on $name',
  async (store) => {
    const database = await openStore(store)
    const { discord, delivered, generation } = await setUp(database)
    const release = discord.hold('GET', newMessages)
    const ended = expect(delivered).rejects.toBeInstanceOf(LeaseLost)
    await discord.call('GET', newMessages)
    await database.statements.updateTable('generations').set({ owner: 'another-worker' }).where('id', '=', generation.id).execute()
    release()
    await ended
    expect(discord.calls.filter(({ method }) => method === 'POST')).toEqual([])
    expect(await findGeneration(database.statements, generation.id)).toMatchObject({ state: 'delivering', owner: 'another-worker' })
  },
)
