import { afterEach, beforeEach, expect } from 'vitest'

import { createDelivery } from '../../../src/discord/delivery/delivery.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'
import { createMessages } from '../../../src/discord/rest/messages.ts'
import type { Clip, Delivery, PostedMessage } from '../../../src/generations/model/delivery-port.ts'
import { createLocalCardLock } from '../../../src/generations/store/card-lock.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import type { ManualClock } from '../../support/clocks/manual-clock.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import type { RecordedCall, ScriptedDiscord } from '../../support/discord/scripted-discord.ts'
import { startExampleDiscord } from './example-discord.ts'
import { exampleGeneration, interactionToken, startedAt } from './example-generation.ts'

export const botToken = 'bot-token-of-the-test'
export const minute = 60_000
export const mebibyte = 1024 * 1024

/** The paths of a delivery's calls. */
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
  /** The log so far. */
  logged: () => string
  remembered: string[]
  /** How often it was stored that the requester is notified. */
  notified: number
  /** Whether a notification was begun. */
  notifying: boolean
  /** The answer of `cardLock.isCurrent`. */
  stands: (generation: Parameters<Delivery['post']>[0]) => boolean
  /** Bytes per file in the guild. */
  uploadLimit: number
  tokenRejected: number
  post: (generation?: Parameters<Delivery['post']>[0], what?: Clip) => Promise<PostedMessage | undefined>
  /** The generations whose cards turned out to be deleted. */
  deleted: string[]
  calls: (method: string, path: RegExp) => RecordedCall[]
  /** Advances the bot's clock once something sleeps on it. */
  passPause: (milliseconds: number) => Promise<void>
}

/** Creates a delivery on a scripted Discord before each test. The returned object is filled again for each. */
export function useDeliveryStage(): DeliveryStage {
  const stage = {} as DeliveryStage
  let close: () => Promise<void>

  beforeEach(async () => {
    const captured = createCapturedLog()
    const clock = createManualClock(startedAt + 10_000)
    const discord = await startExampleDiscord()
    const clients = openRestClients({ api: discord.api, botToken, onTokenRejected: () => stage.tokenRejected++ })
    const delivery = createDelivery({
      messages: createMessages(clients),
      clock,
      log: captured.log,
      rememberMessage: (_generationId, messageId) => {
        stage.remembered.push(messageId)
        return Promise.resolve()
      },
      notifyOnce: async (_generation, send) => {
        if (stage.notified > 0) return false
        const mayHaveArrived = stage.notifying
        stage.notifying = true
        await send({ mayHaveArrived })
        stage.notified += 1
        return true
      },
      markNotified: () => Promise.resolve(void (stage.notified += 1)),
      uploadLimitOf: () => Promise.resolve(stage.uploadLimit),
      cardLock: createLocalCardLock((shown) => Promise.resolve(stage.stands(shown))),
    })
    delivery.onCardDeleted((generationId) => stage.deleted.push(generationId))
    Object.assign(stage, {
      ...{ discord, clock, delivery, logged: captured.text },
      ...{ remembered: [], deleted: [], notified: 0, notifying: false, stands: () => true, uploadLimit: 10 * mebibyte, tokenRejected: 0 },
      post: (generation = exampleGeneration({ state: 'delivering' }), what = clip) =>
        delivery.post(generation, what, { signal: new AbortController().signal }),
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
    // No test may log a secret.
    expect(stage.logged()).not.toMatch(new RegExp(`${interactionToken}|${botToken}|secret-clip|paper boat`))
  })

  return stage
}
