import { expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { discordWith, identified, identifying } from './gateway-client.ts'

const day = 24 * 60 * 60_000

async function gatewayBot({ apiUrl, botToken }: LocalDiscord, token = botToken) {
  const response = await fetch(`${apiUrl}/v10/gateway/bot`, { headers: { authorization: `Bot ${token}` } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const limitOf = async (discord: LocalDiscord) => (await gatewayBot(discord)).body['session_start_limit']

it('clients are told where to connect, with how many shards, and how many sessions may still start', async () => {
  const discord = await discordWith({ gateway: { shards: 4, sessionStarts: 3, maxConcurrency: 2 } })
  discord.clock.freeze()
  const { reset_after: before } = (await limitOf(discord)) as { reset_after: number }
  expect(await gatewayBot(discord)).toMatchObject({
    status: 200,
    body: { url: discord.origin.replace('http', 'ws'), shards: 4, session_start_limit: { total: 3, remaining: 3, max_concurrency: 2 } },
  })
  await identified(discord, { shard: [0, 4] })
  await identified(discord, { shard: [1, 4] })
  discord.clock.advance(1000)
  expect(await limitOf(discord)).toEqual({ total: 3, remaining: 1, reset_after: before - 1000, max_concurrency: 2 })
  discord.clock.advance(before - 1000)
  expect(await limitOf(discord)).toEqual({ total: 3, remaining: 3, reset_after: day, max_concurrency: 2 })
})

it('a resume does not count', async () => {
  const discord = await discordWith()
  const client = await identified(discord)
  await client.until('GUILD_CREATE')
  client.socket.terminate()
  await discord.botGone()
  expect(await limitOf(discord)).toMatchObject({ total: 1000, remaining: 999 })
})

it('one session too many ends all of them and resets the token', async () => {
  const discord = await discordWith({ gateway: { sessionStarts: 2 } })
  const token = discord.botToken
  const running = [await identified(discord, { shard: [0, 2] }), await identified(discord, { shard: [1, 2] })]
  expect(await limitOf(discord)).toMatchObject({ remaining: 0 })
  expect(await (await identifying(discord)).closed()).toBe(4004)
  for (const client of running) expect(await client.closed()).toBe(4004)
  expect((await gatewayBot(discord, token)).status).toBe(401)
  expect(discord.botToken).not.toBe(token)
  expect((await gatewayBot(discord)).status).toBe(200)
})

it('a second identify of the same turn within five seconds is answered with opcode 9', async () => {
  const discord = await discordWith({ gateway: { maxConcurrency: 2 } })
  discord.clock.freeze()
  await identified(discord, { shard: [0, 4] })
  await identified(discord, { shard: [1, 4] })
  const early = await identifying(discord, { shard: [2, 4] })
  expect(await early.next()).toMatchObject({ op: 9, d: false })
  discord.clock.advance(4999)
  expect(await (await identifying(discord, { shard: [3, 4] })).next()).toMatchObject({ op: 9, d: false })
  discord.clock.advance(1)
  await identified(discord, { shard: [2, 4] })
  await identified(discord, { shard: [3, 4] })
  expect(await limitOf(discord)).toMatchObject({ remaining: 996 })
})

it('without a limit of its own the local Discord lets any number of shards identify at once', async () => {
  const discord = await discordWith()
  discord.clock.freeze()
  for (let start = 0; start < 3; start += 1) await identified(discord)
  expect(discord.gateway.identifies).toBe(3)
})
