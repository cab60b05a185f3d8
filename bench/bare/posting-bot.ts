import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

import { type ChatInputCommandInteraction, Client, Events, GatewayIntentBits } from 'discord.js'
import type { request as Request } from 'undici'

import { answer } from './answer.ts'

/** The least that posts a clip: on fal's webhook it downloads the clip and adds it to the latest command's reply. */
const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: process.env['BENCH_DISCORD_API'] ?? '' } })
// The one that discord.js uses: with a second version in the process, its own calls fail.
const { request } = createRequire(import.meta.resolve('@discordjs/rest'))('undici') as { request: typeof Request }
const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
let latest: ChatInputCommandInteraction | undefined

client.on(Events.InteractionCreate, (interaction) => {
  if (!interaction.isChatInputCommand()) return
  latest = interaction
  void interaction.deferReply()
})

const server = createServer((webhook, response) => {
  void webhook.toArray().then(async (chunks: Buffer[]) => {
    response.end()
    const { payload } = JSON.parse(Buffer.concat(chunks).toString()) as { payload: { video: { url: string } } }
    const { body } = await request(payload.video.url)
    const attachment = Buffer.from(await body.arrayBuffer())
    await latest?.editReply({ files: [{ attachment, name: 'clip.mp4' }] })
  })
})
server.listen(0, '127.0.0.1')
const listening = once(server, 'listening')
void client.login(process.env['DISCORD_TOKEN'])

answer({
  ready: async () => {
    await Promise.all([ready, listening])
  },
  port: () => (server.address() as AddressInfo).port,
})
