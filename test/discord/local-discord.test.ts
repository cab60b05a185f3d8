import type { Client } from 'discord.js'
import { Events } from 'discord.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { readCommands } from '../../commands/index.ts'
import type { LocalDiscord } from '../../sandbox/discord/local-discord.ts'
import { startLocalDiscord } from '../../sandbox/discord/local-discord.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import { cardOf } from '../../src/discord/cards/status-card.ts'
import { createDiscordClient } from '../../src/discord/gateway/client.ts'
import { arrivingCard, finishedCard, linkedCard } from '../../src/discord/cards/clip-card.ts'
import { createDelivery } from '../../src/discord/delivery/delivery.ts'
import { uploadLimitOfTier } from '../../src/discord/delivery/upload-limits.ts'
import { createInteractions } from '../../src/discord/interactions/handler.ts'
import { createMessages } from '../../src/discord/rest/messages.ts'
import { fetchRegistered, findDrift, registerCommands } from '../../src/discord/interactions/registration.ts'
import type { RestClients } from '../../src/discord/rest/clients.ts'
import { openRestClients } from '../support/discord/rest-clients.ts'
import { createLocalCardLock } from '../../src/generations/store/card-lock.ts'
import { createClock } from '../../src/lib/clock.ts'
import type { Generation, Requester } from '../../src/generations/model/generation.ts'
import { generationStates } from '../../src/generations/model/generation.ts'
import type { Delivery } from '../../src/generations/model/delivery-port.ts'
import type { ClipService } from '../../src/generations/model/clip-service-port.ts'

import { createCapturedLog } from '../support/bot/captured-log.ts'
import { exampleGeneration, startedAt } from './support/example-generation.ts'
import { nastyPrompts } from './support/nasty-prompts.ts'

const clip = { bytes: new Uint8Array(300_000).fill(7), durationSeconds: 5, url: 'https://host.example/clip.mp4?signature=abc' }
const { commands } = await readCommands()
const bodies = commands.map(({ data }) => data.toJSON())

let discord: LocalDiscord
let client: Client
let clients: RestClients
let delivery: Delivery
let asked: PromiseWithResolvers<Requester>

const clipService: ClipService = {
  check: () => undefined,
  choices: () => [],
  request: (_wish, requester) => {
    asked.resolve(requester)
    return Promise.resolve()
  },
  cancel: () => Promise.resolve(),
}

beforeAll(async () => {
  const { log } = createCapturedLog()
  discord = await startLocalDiscord({ rateLimit: { limit: 10_000, windowMs: 1000 } })
  client = createDiscordClient({ origins: { discordApi: discord.apiUrl }, log, onTokenRejected: () => undefined })
  clients = openRestClients({ api: discord.apiUrl, botToken: discord.botToken, onTokenRejected: () => undefined })
  const interactions = createInteractions({ commands, buttons: [], context: { clipService }, messages: createMessages(clients), log })
  client.on(Events.InteractionCreate, (interaction) => void interactions.handle(interaction))
  delivery = createDelivery({
    messages: createMessages(clients),
    clock: createClock(),
    log,
    rememberMessage: () => Promise.resolve(),
    notifyOnce: (_, send) => send({ mayHaveArrived: false }).then(() => true),
    markNotified: () => Promise.resolve(),
    uploadLimitOf: (guildId) => Promise.resolve(uploadLimitOfTier(client.guilds.cache.get(guildId)?.premiumTier)),
    cardLock: createLocalCardLock(() => Promise.resolve(true)),
  })
  await registerCommands(clients.brief, { applicationId: discord.applicationId }, bodies)
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
  await client.login(discord.botToken)
  await ready
})

afterAll(async () => {
  await delivery.drain()
  clients.close()
  await client.destroy()
  await discord.close()
})

/** A member runs /film; the bot has acknowledged and the clip service has been asked. */
async function runFilm(change: Partial<Generation> = {}, attachmentSizeLimit?: number | null) {
  asked = Promise.withResolvers<Requester>()
  const interaction = await discord.member.run('film', { prompt: 'a paper boat' }, { attachmentSizeLimit })
  const requester = await asked.promise
  const generation = exampleGeneration({ ...requester, id: interaction.id.padStart(32, '0'), createdAt: Date.now(), ...change })
  return { interaction, generation }
}

async function showCard(generation: Generation, interaction: Interaction): Promise<Generation> {
  delivery.show(generation, { now: Date.now() })
  return { ...generation, messageId: (await interaction.reply()).id }
}

const post = (generation: Generation, what = clip) => delivery.post(generation, what, { signal: new AbortController().signal })

test('what was registered is what was meant', async () => {
  expect(findDrift(bodies, await fetchRegistered(clients.brief, { applicationId: discord.applicationId }))).toEqual([])
  const scope = { applicationId: discord.applicationId, guildId: discord.guild.id }
  const registered = await registerCommands(clients.brief, scope, bodies)
  expect(findDrift(bodies, registered)).toEqual([])
  expect(await registerCommands(clients.brief, scope, [])).toEqual([])
})

describe('Discord takes', () => {
  const live = { now: Date.now(), ahead: 3, progress: 0.4, expectedEndAt: Date.now() + 60_000 }

  test.each(Object.entries(nastyPrompts))('every card with a prompt of %s', async (_kind, prompt) => {
    const { generation } = await runFilm({ request: { prompt, durationSeconds: 5 } })
    const messages = createMessages(clients)
    for (const state of generationStates) {
      await messages.editReply(generation.reply, cardOf({ ...generation, state, endReason: 'moderation' }, live))
    }
    await messages.editReply(generation.reply, cardOf({ ...generation, cancelRequestedAt: 1 }, { ...live, cancelRefused: true }))
    await messages.editReply(generation.reply, linkedCard(generation, clip, startedAt))
    await messages.editReply(
      generation.reply,
      linkedCard(generation, { ...clip, url: `https://host.example/${'a'.repeat(1500)}` }, startedAt),
    )
    await messages.create(generation.channelId, arrivingCard(generation), generation.id.slice(-25), new AbortController().signal)
    const file = { name: 'rushes-00000000.mp4', data: clip.bytes, contentType: 'video/mp4' }
    const posted = await messages.editReply(generation.reply, finishedCard(generation, clip), { file })
    expect(posted.channelId).toBe(discord.guild.channel.id)
  })
})

test('the clip arrives whole, in place of the card', async () => {
  const { interaction, generation } = await runFilm()
  const known = await showCard(generation, interaction)
  const posted = await post(known)
  const reply = await interaction.reply(({ attachments }) => attachments.length > 0)
  expect(posted?.messageId).toBe(reply.id)
  expect(reply.text).toContain('AI-generated')
  const served = await fetch(reply.attachments[0]?.url ?? '')
  expect(new Uint8Array(await served.arrayBuffer())).toEqual(clip.bytes)
  expect(reply.notified).toEqual([])
})

test('a clip that took over a minute calls back its requester and nobody else', async () => {
  const { interaction, generation } = await runFilm({ createdAt: Date.now() - 61_000 })
  const posted = await post(generation)
  const notice = await interaction.followUp()
  expect(notice.notified).toEqual([discord.member.id])
  expect(notice.text).toContain(posted?.messageId)
})

test('a token that died early: the same message gets the clip', async () => {
  const { interaction, generation } = await runFilm()
  const known = await showCard(generation, interaction)
  discord.clock.advance(15 * 60_000 + 1)
  const posted = await post(known)
  expect(posted?.messageId).toBe(known.messageId)
  expect((await interaction.reply(({ attachments }) => attachments.length > 0)).interactionId).toBe(interaction.id)
})

test('a card that was deleted: no new message, and its requester alone gets the link', async () => {
  const { interaction, generation } = await runFilm()
  const known = await showCard(generation, interaction)
  const before = discord.guild.channel.messages().length
  discord.deleteMessage(known.messageId ?? '')
  expect(await post(known)).toBeUndefined()
  const notice = await interaction.followUp()
  expect(notice).toMatchObject({ ephemeral: true })
  expect(notice.text).toContain(clip.url)
  expect(discord.guild.channel.messages()).toHaveLength(before - 1)
})

test('a card that cannot be edited: a new message that calls its requester', async () => {
  const { interaction, generation } = await runFilm()
  const known = await showCard(generation, interaction)
  discord.clock.advance(15 * 60_000 + 1)
  const old = ({ method, path }: { method: string; path: string }) => method === 'PATCH' && path.endsWith(known.messageId ?? '')
  discord.faults.refuseOldEditsNext({ when: old }, Infinity)
  const posted = await post(known)
  const fresh = discord.guild.channel.messages().find(({ id }) => id === posted?.messageId)
  expect(fresh).toMatchObject({ notified: [discord.member.id], attachments: [{ size: clip.bytes.byteLength }] })
})

test('a clip larger than Discord really takes: its link', async () => {
  const { interaction, generation } = await runFilm({}, 400_000)
  const told = { ...generation, reply: { ...generation.reply, attachmentSizeLimit: 500 * 1024 * 1024 } }
  await post(told, { ...clip, bytes: new Uint8Array(400_001) })
  const reply = await interaction.reply(({ buttons }) => buttons.length > 0)
  expect(reply.buttons).toMatchObject([{ url: clip.url }])
  expect(reply.attachments).toEqual([])
})

test('an end is neutral for everyone, and its reason is for the requester alone', async () => {
  const { interaction, generation } = await runFilm()
  await delivery.postOutcome({ ...generation, state: 'failed', endReason: 'moderation' }, { now: Date.now() })
  expect((await interaction.reply()).text).toContain('No charge.')
  const word = await interaction.followUp()
  expect(word).toMatchObject({ ephemeral: true })
  expect(word.text).toContain('safety filter')
})

test('the local Discord had nothing to complain of in its own answers', () => {
  expect(discord.responseProblems).toEqual([])
})
