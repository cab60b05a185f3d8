import { Events } from 'discord.js'
import { beforeAll, beforeEach, expect } from 'vitest'

import { readCommands } from '../../commands/index.ts'
import { createDiscordClient } from '../../src/discord/gateway/client.ts'
import { createInteractions } from '../../src/discord/interactions/handler.ts'
import { createMessages } from '../../src/discord/rest/messages.ts'
import type { ClipService, PartialClipInput, ProviderChoice } from '../../src/generations/model/clip-service-port.ts'
import { ids } from '../discord/support/example-generation.ts'
import { createCapturedLog } from '../support/bot/captured-log.ts'
import { openRestClients } from '../support/discord/rest-clients.ts'
import { type ScriptedDiscord, startScriptedDiscord } from '../support/discord/scripted-discord.ts'

export const attachment = {
  id: '900000000000000001',
  filename: 'boat.png',
  size: 123_456,
  url: 'https://cdn.example/boat.png?signature=abc',
  proxy_url: 'https://media.example/boat.png?signature=abc',
  content_type: 'image/png',
  width: 800,
  height: 600,
}
export const imageOption = { name: 'image', type: 11, value: attachment.id }
export const lastAttachment = { ...attachment, id: '900000000000000002', filename: 'harbour.jpg', size: 7, width: null, height: null }
export const lastImageOption = { name: 'last_image', type: 11, value: lastAttachment.id }

/** With their prices of five seconds. */
const providers: ProviderChoice[] = [
  { id: 'fal', name: 'fal.ai', price: 350_000 },
  { id: 'replicate', name: 'Replicate', price: 352_500 },
]

/** The real commands behind a gateway connection, for the tests of this file; the clip service accepts everything and records what it was asked. */
export function useCommands() {
  const stage = {
    discord: undefined as unknown as ScriptedDiscord,
    asked: [] as { what: keyof ClipService; of: unknown[] }[],
    /** The options typed so far, at each autocomplete interaction. */
    inputs: [] as PartialClipInput[],
    /** Dispatches the interaction and waits until it is handled. */
    send: (payload: object) => send(payload),
    /** The text of the ephemeral reply that refuses the interaction before the acknowledgement. */
    async refusal(): Promise<string> {
      const { body } = await stage.discord.call('POST', /\/callback$/)
      expect(body).toMatchObject({ type: 4, data: { flags: 64 } })
      expect(stage.asked.filter(({ what }) => what !== 'check')).toEqual([])
      return (body['data'] as { content: string }).content
    },
  }
  const clipService: ClipService = {
    check: (...of) => void stage.asked.push({ what: 'check', of }),
    choices: (input) => {
      stage.inputs.push(input)
      return providers.map((provider) => ({ ...provider, price: (provider.price / 5) * input.durationSeconds }))
    },
    request: (...of) => Promise.resolve(void stage.asked.push({ what: 'request', of })),
    cancel: (...of) => Promise.resolve(void stage.asked.push({ what: 'cancel', of })),
  }
  let send: (payload: object) => Promise<void> = () => Promise.reject(new Error('called before the bot was ready'))

  beforeAll(async () => {
    const { log } = createCapturedLog()
    const discord = await startScriptedDiscord({ applicationId: ids.application, guildId: ids.guild, replyId: ids.reply, messageIds: [] })
    stage.discord = discord
    const client = createDiscordClient({ origins: { discordApi: discord.api }, log, onTokenRejected: () => undefined })
    const clients = openRestClients({ api: discord.api, botToken: 'any', onTokenRejected: () => undefined })
    const messages = createMessages(clients)
    const interactions = createInteractions({ ...(await readCommands()), context: { clipService }, messages, log })
    let answered: Promise<void> | undefined
    client.on(Events.InteractionCreate, (interaction) => {
      answered = interactions.handle(interaction)
    })
    send = async (payload) => {
      const seen = new Promise((resolve) => client.once(Events.InteractionCreate, resolve))
      discord.dispatch('INTERACTION_CREATE', payload)
      await seen
      await answered
    }
    const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
    await client.login('bot-token-of-the-test')
    await ready
    return async () => {
      await client.destroy()
      clients.close()
      await discord.close()
    }
  })

  beforeEach(() => {
    stage.asked = []
    stage.inputs = []
    stage.discord.calls.length = 0
  })
  return stage
}
