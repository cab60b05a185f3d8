import { Events } from 'discord.js'
import { expect, it } from 'vitest'

import { createDiscordClient, signIn } from '../../../src/discord/gateway/client.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { startBot } from './bot.ts'
import { discordWith } from './gateway-client.ts'

it('the bot connects as many shards as Discord recommends', async () => {
  const discord = await discordWith({ gateway: { shards: 3 } })
  const { log } = createCapturedLog()
  const client = createDiscordClient({ origins: { discordApi: discord.apiUrl }, log, onTokenRejected: () => undefined })
  try {
    await signIn(client, discord.botToken)
    expect(client.ws.shards.size).toBe(3)
    expect(discord.gateway.identifies).toBe(3)
  } finally {
    await client.destroy()
  }
})

it('a real client whose session has timed out starts a new one', async () => {
  // Every disconnection lasts too long.
  const discord = await discordWith({ gateway: { sessionTimeoutMs: -1 } })
  await using bot = await startBot(discord, () => Promise.resolve())
  const ready = new Promise((resolve) => bot.client.once(Events.ShardReady, resolve))
  discord.gateway.cut()
  await ready
  expect(discord.gateway).toMatchObject({ identifies: 2, resumes: 0 })
})

it('a real client that may start no more sessions is not let in', async () => {
  const discord = await discordWith({ gateway: { sessionStarts: 1 } })
  await using bot = await startBot(discord, () => Promise.resolve())
  await expect(startBot(discord, () => Promise.resolve())).rejects.toThrow(/Not enough sessions remaining/)
  expect(discord.gateway.identifies).toBe(1)
  expect(bot.errors).toEqual([])
})
