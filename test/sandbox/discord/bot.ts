import { createRequire } from 'node:module'

import { Client, GatewayIntentBits, Partials, SlashCommandBuilder } from 'discord.js'
import type { Interaction, RESTOptions } from 'discord.js'
import { z } from 'zod'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'

export const animateCommand = new SlashCommandBuilder()
  .setName('animate')
  .setDescription('Make a short clip from an image')
  .addAttachmentOption((option) =>
    option.setName('image').setDescription('The first frame').setRequired(true).setFileTypes(['.png', '.jpg', '.jpeg']),
  )
  .addStringOption((option) => option.setName('prompt').setDescription('What happens').setRequired(true).setMinLength(2).setMaxLength(2500))
  .addIntegerOption((option) =>
    option.setName('duration').setDescription('Seconds').addChoices({ name: '5 s', value: 5 }, { name: '10 s', value: 10 }),
  )
  .addNumberOption((option) => option.setName('guidance').setDescription('How closely').setMinValue(0).setMaxValue(1))

export interface TestBot extends AsyncDisposable {
  client: Client<true>
  /** The errors that the client reported; tests assert that there are none. */
  errors: Error[]
}

/** discord.js's own copy of undici, which would otherwise use the global agent of whichever copy was loaded first in this process. */
const requireRest = createRequire(createRequire(import.meta.url).resolve('@discordjs/rest'))
const { Agent } = z.object({ Agent: z.custom<new () => NonNullable<RESTOptions['agent']>>() }).parse(requireRest('undici'))

/** A real discord.js client, logged in and with its command registered. */
export async function startBot(discord: LocalDiscord, onInteraction: (interaction: Interaction) => Promise<void>): Promise<TestBot> {
  const rest = { api: discord.apiUrl, agent: new Agent() }
  // Without the partial, the channel of an interaction in an unknown thread is null.
  const client = new Client({ intents: [GatewayIntentBits.Guilds], partials: [Partials.Channel], rest })
  const errors: Error[] = []
  client.on('error', (error) => errors.push(error))
  client.on('interactionCreate', (interaction) => {
    onInteraction(interaction).catch((error: unknown) => errors.push(error as Error))
  })
  const ready = new Promise<Client<true>>((resolve) => client.once('clientReady', resolve))
  await client.login(discord.botToken)
  await discord.botReady()
  const readyClient = await ready
  await readyClient.application.commands.set([animateCommand])
  return { client: readyClient, errors, [Symbol.asyncDispose]: () => client.destroy() }
}

/** The smallest PNG header with a size; the local Discord reads no more of it. */
export function imageOf(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}

/** Begins like an MP4, which is all that discord.js checks. */
export const clipBytes = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.alloc(4000, 7)])
