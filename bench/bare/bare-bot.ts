import { Client, Events, GatewayIntentBits } from 'discord.js'

import { answer } from './answer.ts'

/** The least that a bot does: it signs in and defers every command. */
const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: process.env['BENCH_DISCORD_API'] ?? '' } })
const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
client.on(Events.InteractionCreate, (interaction) => {
  // An acknowledgement that fails is missing in the measurement.
  if (interaction.isChatInputCommand()) interaction.deferReply().catch(() => undefined)
})
void client.login(process.env['DISCORD_TOKEN'])

answer({
  ready: () => ready.then(() => undefined),
  residentBytes: () => process.memoryUsage.rss(),
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
})
