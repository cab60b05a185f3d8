import type { Client } from 'discord.js'
import { Events } from 'discord.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { readCommands } from '../../commands/index.ts'
import { createDiscordClient } from '../../src/discord/gateway/client.ts'
import type { Interactions } from '../../src/discord/interactions/handler.ts'
import { createInteractions } from '../../src/discord/interactions/handler.ts'
import type { ProviderChoice, ClipService, PartialClipInput } from '../../src/generations/model/clip-service-port.ts'
import { createCapturedLog } from '../support/captured-log.ts'
import { ids, interactionToken } from '../discord/support/example-generation.ts'
import { autocompletePayload, buttonPayload, commandPayload } from '../discord/support/interaction-payloads.ts'
import type { ScriptedDiscord } from '../support/scripted-discord.ts'
import { startScriptedDiscord } from '../support/scripted-discord.ts'

const commandSet = await readCommands()
const generationId = '0196a1b2c3d4e5f60718293a4b5c6d7e'
const attachment = {
  id: '900000000000000001',
  filename: 'boat.png',
  size: 123_456,
  url: 'https://cdn.example/boat.png?signature=abc',
  proxy_url: 'https://media.example/boat.png?signature=abc',
  content_type: 'image/png',
  width: 800,
  height: 600,
}
const imageOption = { name: 'image', type: 11, value: attachment.id }
const prompt = { name: 'prompt', type: 3, value: '  a paper boat  ' }
const lastAttachment = { ...attachment, id: '900000000000000002', filename: 'harbour.jpg', size: 7, width: null, height: null }
const lastImageOption = { name: 'last_image', type: 11, value: lastAttachment.id }
const resolved = { attachments: { [attachment.id]: attachment, [lastAttachment.id]: lastAttachment } }

const requester = {
  memberId: ids.member,
  guildId: ids.guild,
  channelId: ids.channel,
  reply: {
    applicationId: ids.application,
    interactionId: ids.interaction,
    token: interactionToken,
    attachmentSizeLimit: 10_485_760,
    locale: 'de',
  },
}

let discord: ScriptedDiscord
let client: Client
let interactions: Interactions
/** The answer to the interaction that came last. */
let answered: Promise<void> | undefined
let asked: { what: keyof ClipService; of: unknown[] }[]
let inputs: PartialClipInput[]

const capable: ProviderChoice[] = [
  { id: 'fal', name: 'fal.ai', price: 350_000 },
  { id: 'replicate', name: 'Replicate', price: 352_500 },
]

/** The commands' only partner, as its contract describes it: here it just says yes and writes down what it was asked. */
const clipService: ClipService = {
  check: (...of) => void asked.push({ what: 'check', of }),
  choices: (input) => {
    inputs.push(input)
    return capable
  },
  request: (...of) => Promise.resolve(void asked.push({ what: 'request', of })),
  cancel: (...of) => Promise.resolve(void asked.push({ what: 'cancel', of })),
}

beforeAll(async () => {
  const { log } = createCapturedLog()
  discord = await startScriptedDiscord({ applicationId: ids.application, guildId: ids.guild, replyId: ids.reply, messageIds: [] })
  client = createDiscordClient({ origins: { discordApi: discord.api }, log, onTokenRejected: () => undefined })
  interactions = createInteractions({ ...commandSet, context: { clipService }, log })
  client.on(Events.InteractionCreate, (interaction) => {
    answered = interactions.handle(interaction)
  })
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
  await client.login('bot-token-of-the-test')
  await ready
})

afterAll(async () => {
  await client.destroy()
  await discord.close()
})

beforeEach(() => {
  asked = []
  inputs = []
  discord.calls.length = 0
})

async function send(payload: object): Promise<void> {
  const seen = new Promise((resolve) => client.once(Events.InteractionCreate, resolve))
  discord.dispatch('INTERACTION_CREATE', payload)
  await seen
  await answered
}

/** The one ephemeral reply that a refusal before the acknowledgement is. */
async function refusal(): Promise<string> {
  const { body } = await discord.call('POST', /\/callback$/)
  expect(body).toMatchObject({ type: 4, data: { flags: 64 } })
  expect(asked.filter(({ what }) => what !== 'check')).toEqual([])
  return (body['data'] as { content: string }).content
}

describe('/animate', () => {
  test('checks, acknowledges, and asks for what was typed', async () => {
    const options = [
      imageOption,
      prompt,
      { name: 'duration', type: 4, value: 10 },
      { name: 'negative', type: 3, value: ' fog ' },
      { name: 'guidance', type: 10, value: 0 },
    ]
    await send(commandPayload('animate', options, { resolved }))
    const input = {
      prompt: 'a paper boat',
      negativePrompt: 'fog',
      durationSeconds: 10,
      guidance: 0,
      image: { url: attachment.url, name: 'boat.png', sizeBytes: 123_456, width: 800, height: 600 },
    }
    expect(asked).toEqual([
      { what: 'check', of: [input, requester] },
      { what: 'request', of: [input, requester] },
    ])
    expect((await discord.call('POST', /\/callback$/)).body).toMatchObject({ type: 5 })
  })

  test('without an image is refused', async () => {
    await send(commandPayload('animate', [prompt]))
    expect(await refusal()).toContain('The image is missing')
  })
})

describe('/animate with more', () => {
  test('ends on the last image', async () => {
    await send(commandPayload('animate', [imageOption, prompt, lastImageOption], { resolved }))
    expect(asked).toMatchObject(
      ['check', 'request'].map((what) => ({
        what,
        of: [
          {
            image: { url: attachment.url, name: 'boat.png' },
            lastImage: { url: lastAttachment.url, name: 'harbour.jpg', sizeBytes: 7, width: undefined, height: undefined },
          },
          requester,
        ],
      })),
    )
  })

  test.each([
    ['replicate', 'replicate'],
    [' Fal.AI ', 'fal'],
    ['  ', undefined],
  ])('takes %j as the provider %s', async (value, provider) => {
    await send(commandPayload('animate', [imageOption, prompt, { name: 'provider', type: 3, value }], { resolved }))
    expect(asked.map(({ of }) => (of[0] as { provider?: string }).provider)).toEqual([provider, provider])
  })

  test('refuses a provider that nobody knows before the acknowledgement, naming those that are set up', async () => {
    const options = [
      imageOption,
      prompt,
      lastImageOption,
      { name: 'guidance', type: 10, value: 0.5 },
      { name: 'provider', type: 3, value: 'Hollywood' },
    ]
    await send(commandPayload('animate', options, { resolved }))
    expect(await refusal()).toBe("This bot doesn't use Hollywood. Choose fal.ai or Replicate, or leave `provider` empty.")
    expect(discord.calls).toHaveLength(1)
    expect(asked).toEqual([])
    expect(inputs).toEqual([{ image: true, lastImage: false }])
  })

  test('refuses a known provider that is not set up', async () => {
    await send(commandPayload('animate', [imageOption, prompt, { name: 'provider', type: 3, value: 'runware' }], { resolved }))
    expect(await refusal()).toContain("This bot doesn't use runware. Choose fal.ai or Replicate")
    expect(asked).toEqual([])
  })
})

describe('the provider that is being typed', () => {
  const typing = (value: string) => ({ name: 'provider', type: 3, value, focused: true })

  async function offered(name: string, ...options: object[]): Promise<unknown> {
    await send(autocompletePayload(name, options))
    const { body } = await discord.call('POST', /\/callback$/)
    expect(body).toMatchObject({ type: 8 })
    return (body['data'] as { choices: unknown }).choices
  }

  const [fal, replicate] = [
    { name: 'fal.ai · $0.35 for 5s', value: 'fal' },
    { name: 'Replicate · $0.3525 for 5s', value: 'replicate' },
  ]

  test.each([
    ['', [fal, replicate]],
    ['FA', [fal]],
    [' repl', [replicate]],
    ['fal.ai · $0.35 for 5s', [fal]],
    ['Hollywood', []],
  ])('as %j is completed by name, id or label', async (typed, choices) => {
    expect(await offered('film', typing(typed))).toEqual(choices)
  })

  test('must be able to do what was filled in so far', async () => {
    await offered('film', { name: 'negative', type: 3, value: ' fog ' }, { name: 'guidance', type: 10, value: 0 }, typing(''))
    expect(inputs).toEqual([{ image: false, lastImage: false, negativePrompt: 'fog', guidance: 0 }])
  })

  test('for an image that is not there yet must still be able to start from one', async () => {
    await offered('animate', typing(''))
    expect(inputs).toEqual([{ image: true, lastImage: false, negativePrompt: undefined, guidance: undefined }])
  })

  test('must be able to end on an image that was picked', async () => {
    await offered('animate', imageOption, lastImageOption, typing(''))
    expect(inputs).toMatchObject([{ image: true, lastImage: true }])
  })
})

describe('/film', () => {
  test('fills in what was left out', async () => {
    await send(commandPayload('film', [prompt]))
    expect(asked[1]).toEqual({ what: 'request', of: [{ prompt: 'a paper boat', durationSeconds: 5, aspectRatio: '16:9' }, requester] })
  })

  test('takes the shape that was chosen', async () => {
    await send(commandPayload('film', [prompt, { name: 'aspect', type: 3, value: '9:16' }]))
    expect(asked[1]?.of[0]).toMatchObject({ aspectRatio: '9:16' })
  })

  test('of nothing but white space is refused', async () => {
    await send(commandPayload('film', [{ ...prompt, value: ' \u2003 ' }]))
    expect(await refusal()).toContain('prompt is empty')
  })

  test('where the bot is no member is refused', async () => {
    await send(commandPayload('film', [prompt], { authorizing_integration_owners: { 1: ids.member } }))
    expect(await refusal()).toContain("isn't a member of this server")
  })

  test('where the bot could not post later is refused, naming what it lacks', async () => {
    await send(commandPayload('film', [prompt], { app_permissions: String(1 << 10) }))
    expect(await refusal()).toMatch(/\*\*Send Messages\*\*.*\*\*Attach Files\*\*.*\*\*Read Message History\*\*/)
  })

  test('in a thread asks for the permission of threads', async () => {
    const channel = { id: '300000000000000009', type: 11, name: 'thread', guild_id: ids.guild, parent_id: ids.channel, thread_metadata: {} }
    await send(
      commandPayload('film', [prompt], {
        channel,
        channel_id: channel.id,
        app_permissions: String((1 << 10) | (1 << 11) | (1 << 15) | (1 << 16)),
      }),
    )
    expect(await refusal()).toContain('**Send Messages in Threads**')
  })

  test('without a told upload limit counts on the least', async () => {
    await send(commandPayload('film', [prompt], { attachment_size_limit: undefined }))
    expect(asked[1]?.of[1]).toMatchObject({ reply: { attachmentSizeLimit: 10_485_760 } })
  })
})

describe('Cancel', () => {
  test.each([
    ['0', false],
    [String(1 << 13), true],
  ])('with permissions %s: may manage messages %s', async (permissions, mayManageMessages) => {
    const payload = buttonPayload(`cancel:${generationId}`)
    await send({ ...payload, member: { ...payload.member, permissions } })
    expect(asked).toEqual([{ what: 'cancel', of: [generationId, { memberId: ids.member, guildId: ids.guild, mayManageMessages }] }])
  })
})
