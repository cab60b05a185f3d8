import { afterEach, beforeEach, expect } from 'vitest'

import { createDelivery } from '../../src/discord/delivery/delivery.ts'
import { createMessages } from '../../src/discord/rest/messages.ts'
import { createRestClients } from '../../src/discord/rest/clients.ts'
import { createLocalCardLock } from '../../src/generations/store/card-lock.ts'
import type { Clip, Delivery, PostedMessage } from '../../src/generations/model/delivery-port.ts'
import type { RecordedCall, ScriptedDiscord } from '../support/scripted-discord.ts'
import { startScriptedDiscord } from '../support/scripted-discord.ts'

import { createCapturedLog } from './captured-log.ts'
import { exampleGeneration, ids, interactionToken, startedAt } from './example-generation.ts'
import type { ManualClock } from './manual-clock.ts'
import { createManualClock } from './manual-clock.ts'

export const botToken = 'bot-token-of-the-test'
export const minute = 60_000
export const mebibyte = 1024 * 1024

/** The calls that a delivery makes, by their paths. */
export const reply = /^\/webhooks\/\d+\/[^/]+\/messages\/@original$/
export const followUps = /^\/webhooks\/\d+\/[^/]+$/
export const channelMessages = /^\/channels\/\d+\/messages$/
export const channelMessage = /^\/channels\/\d+\/messages\/\d+$/

export const clip: Clip = {
  bytes: new Uint8Array(20_000).fill(7),
  durationSeconds: 10,
  url: 'https://host.example/secret-clip.mp4?signature=abc',
}

export interface DeliveryStage {
  discord: ScriptedDiscord
  clock: ManualClock
  delivery: ReturnType<typeof createDelivery>
  /** What the log says. */
  logged: () => string
  remembered: string[]
  noticesClaimed: number
  /** Is the generation still where this copy of it was read? */
  stands: (generation: Parameters<Delivery['post']>[0]) => boolean
  /** Bytes that the guild allows a bot. */
  uploadLimit: number
  tokenRejected: number
  post: (generation?: Parameters<Delivery['post']>[0], what?: Clip) => Promise<PostedMessage>
  calls: (method: string, path: RegExp) => RecordedCall[]
  /** Moves the bot's clock on as soon as somebody sleeps by it. */
  passPause: (milliseconds: number) => Promise<void>
}

/** A delivery before each test, joined to a scripted Discord over loopback. The object is filled anew for each. */
export function useDeliveryStage(): DeliveryStage {
  const stage = {} as DeliveryStage
  let close: () => Promise<void>

  beforeEach(async () => {
    const captured = createCapturedLog()
    const clock = createManualClock(startedAt + 10_000)
    const discord = await startScriptedDiscord({
      applicationId: ids.application,
      guildId: ids.guild,
      replyId: ids.reply,
      messageIds: [ids.fresh],
    })
    const clients = createRestClients({ api: discord.api, botToken, onTokenRejected: () => stage.tokenRejected++ })
    const delivery = createDelivery({
      messages: createMessages(clients),
      clock,
      log: captured.log,
      rememberMessage: (_generationId, messageId) => {
        stage.remembered.push(messageId)
        return Promise.resolve()
      },
      claimNotification: () => Promise.resolve(++stage.noticesClaimed === 1),
      uploadLimitOf: () => Promise.resolve(stage.uploadLimit),
      cardLock: createLocalCardLock((shown) => Promise.resolve(stage.stands(shown))),
    })
    Object.assign(stage, {
      ...{ discord, clock, delivery, logged: captured.text },
      ...{ remembered: [], noticesClaimed: 0, stands: () => true, uploadLimit: 10 * mebibyte, tokenRejected: 0 },
      post: (generation = exampleGeneration({ state: 'delivering' }), what = clip) =>
        delivery.post(generation, what, { signal: AbortSignal.timeout(50_000) }),
      calls: (method, path) => discord.calls.filter((call) => call.method === method && path.test(call.path)),
      passPause: async (milliseconds) => {
        while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve))
        await clock.advance(milliseconds)
      },
    } satisfies DeliveryStage)
    close = async () => {
      await delivery.drain()
      clients.close()
      await discord.close()
    }
  })

  afterEach(async () => {
    await close()
    // Whatever happened: nothing secret was written down.
    expect(stage.logged()).not.toMatch(new RegExp(`${interactionToken}|${botToken}|secret-clip|paper boat`))
  })

  return stage
}
