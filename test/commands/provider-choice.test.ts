import type { Client } from 'discord.js'
import { Events } from 'discord.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { readCommands } from '../../commands/index.ts'
import type { LocalDiscord } from '../../sandbox/discord/local-discord.ts'
import { startLocalDiscord } from '../../sandbox/discord/local-discord.ts'
import { createDiscordClient } from '../../src/discord/gateway/client.ts'
import { createInteractions } from '../../src/discord/interactions/handler.ts'
import { registerCommands } from '../../src/discord/interactions/registration.ts'
import type { RestClients } from '../../src/discord/rest/clients.ts'
import { createMessages } from '../../src/discord/rest/messages.ts'
import { openRestClients } from '../support/discord/rest-clients.ts'
import type { ClipInput, ProviderChoice, ClipService, PartialClipInput } from '../../src/generations/model/clip-service-port.ts'
import { createCapturedLog } from '../support/bot/captured-log.ts'
import { imageOf } from '../sandbox/discord/bot.ts'

const { commands } = await readCommands()
const [fal, replicate]: [ProviderChoice, ProviderChoice] = [
  { id: 'fal', name: 'fal.ai', price: 350_000 },
  { id: 'replicate', name: 'Replicate', price: 350_000 },
]
const image = { name: 'boat.png', bytes: imageOf(640, 360) }
const lastImage = { name: 'harbour.png', bytes: imageOf(641, 361) }

let discord: LocalDiscord
let client: Client
let clients: RestClients
let captured: ReturnType<typeof createCapturedLog>
let asked: PromiseWithResolvers<ClipInput>
let checks: number

/** The clip service's port: only one of its two providers has a guidance, and only the other a last frame. */
const clipService: ClipService = {
  check: () => {
    checks += 1
  },
  choices: ({ guidance, lastImage }: PartialClipInput) => [...(lastImage ? [] : [fal]), ...(guidance === undefined ? [replicate] : [])],
  request: (input) => {
    asked.resolve(input)
    return Promise.resolve()
  },
  cancel: () => Promise.resolve(),
}

beforeAll(async () => {
  captured = createCapturedLog()
  const { log } = captured
  discord = await startLocalDiscord()
  client = createDiscordClient({ origins: { discordApi: discord.apiUrl }, log, onTokenRejected: () => undefined })
  clients = openRestClients({ api: discord.apiUrl, botToken: discord.botToken, onTokenRejected: () => undefined })
  const interactions = createInteractions({ commands, buttons: [], context: { clipService }, messages: createMessages(clients), log })
  client.on(Events.InteractionCreate, (interaction) => void interactions.handle(interaction))
  const bodies = commands.map(({ data }) => data.toJSON())
  await registerCommands(clients.brief, { applicationId: discord.applicationId }, bodies)
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
  await client.login(discord.botToken)
  await ready
})

afterAll(async () => {
  clients.close()
  await client.destroy()
  await discord.close()
})

beforeEach(() => {
  asked = Promise.withResolvers<ClipInput>()
  checks = 0
})

const label = ({ id, name }: ProviderChoice) => ({ name: `${name} · $0.35 for 5s`, value: id })

describe('a member who types a provider', () => {
  test.each([
    ['film', { prompt: 'x' }, 'fa', [label(fal)]],
    ['film', {}, '', [label(fal), label(replicate)]],
    ['film', { guidance: 0 }, '', [label(fal)]],
    ['animate', { image, prompt: 'a boat', last_image: lastImage }, '', [label(replicate)]],
    ['animate', { last_image: lastImage, guidance: 0.5 }, '', []],
  ])('in /%s with %j is offered those that can do it', async (command, values, typed, choices) => {
    expect(await discord.member.suggest(command, values, { focused: 'provider', typed })).toEqual(choices)
  })

  test('is offered them with the chosen duration', async () => {
    const offered = await discord.member.suggest('film', { duration: 10 }, { focused: 'provider', typed: 'fal' })
    expect(offered).toEqual([{ name: 'fal.ai · $0.35 for 10s', value: 'fal' }])
  })

  test('gets the one that was picked', async () => {
    const [choice] = await discord.member.suggest('film', {}, { focused: 'provider', typed: 'repl' })
    await discord.member.run('film', { prompt: 'a boat', provider: choice?.value })
    expect((await asked.promise).provider).toBe('replicate')
  })

  test('keeps the choice where an option that was filled in later is beyond it, so that the check can say so', async () => {
    await discord.member.run('film', { prompt: 'a boat', provider: 'replicate', guidance: 0.5 })
    expect((await asked.promise).provider).toBe('replicate')
  })

  test('and sends one that nobody knows is refused privately before any acknowledgement, and nothing is begun', async () => {
    const interaction = await discord.member.run('film', { prompt: 'a boat', provider: 'Hollywood', guidance: 0.5 })
    const reply = await interaction.reply()
    expect(await interaction.acknowledged()).toBe(4)
    expect(reply).toMatchObject({ ephemeral: true, edited: false, mentions: [] })
    expect(reply.text).toContain('Choose fal.ai or Replicate, or leave `provider` empty.')
    expect(checks).toBe(0)
  })
})

test('the image on which a clip ends reaches the clip service as it was uploaded', async () => {
  await discord.member.run('animate', { image, prompt: 'a boat', last_image: lastImage })
  const received = await asked.promise
  expect(received.image).toMatchObject({ name: 'boat.png', width: 640, height: 360 })
  expect(received.lastImage).toMatchObject({ name: 'harbour.png', sizeBytes: lastImage.bytes.length, width: 641, height: 361 })
  const served = await fetch(received.lastImage?.url ?? '')
  expect(Buffer.from(await served.arrayBuffer())).toEqual(lastImage.bytes)
})

test('Discord and the log had nothing to complain of', () => {
  expect(discord.responseProblems).toEqual([])
  const messages = captured.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
  // The one that nobody knows.
  expect(messages).toEqual(['refused'])
})
