import { describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { startDiscordWithBot } from './bare-bot.ts'
import { discordWith, identified, identifying, lose, openGateway, resuming } from './gateway-client.ts'

const interval = 41_250

async function frozenDiscord(settings = {}): Promise<LocalDiscord> {
  const discord = await discordWith({ gateway: settings })
  discord.clock.freeze()
  return discord
}

describe('a client that sends no heartbeats', () => {
  it('is asked for one, then its connection is closed (4009), and it can resume', async () => {
    const discord = await frozenDiscord()
    const client = await identified(discord)
    const { s: last } = await client.until('GUILD_CREATE')
    discord.clock.advance(1.25 * interval)
    expect((await client.next()).op).toBe(1)
    discord.clock.advance(0.25 * interval)
    expect(await client.closed()).toBe(4009)
    await (await resuming(discord, client.sessionId, last ?? 0)).until('RESUMED')
  })

  it('is closed before it has identified, too', async () => {
    const discord = await frozenDiscord({ heartbeatIntervalMs: 1000 })
    const client = openGateway(discord)
    expect((await client.next()).d).toEqual({ heartbeat_interval: 1000 })
    discord.clock.advance(1250)
    discord.clock.advance(250)
    expect(await client.closed()).toBe(4009)
  })

  it('is closed by real time while the clock is not frozen', async () => {
    const discord = await discordWith({ gateway: { heartbeatIntervalMs: 20 } })
    const client = openGateway(discord)
    expect((await client.until(1)).op).toBe(1)
    expect(await client.closed()).toBe(4009)
  })
})

it('each heartbeat gives a client another interval and a half', async () => {
  const discord = await frozenDiscord()
  const client = await identified(discord)
  await client.until('GUILD_CREATE')
  for (let beat = 0; beat < 3; beat += 1) {
    discord.clock.advance(interval)
    client.send(1, 2)
    expect((await client.next()).op).toBe(11)
  }
  // Whatever a test skips: a client that answers at once is not cut off.
  discord.clock.advance(24 * 60 * 60_000)
  expect((await client.next()).op).toBe(1)
  client.send(1, 2)
  expect((await client.next()).op).toBe(11)
  discord.clock.advance(1.25 * interval - 1)
  client.send(1, 2)
  expect((await client.next()).op).toBe(11)
})

describe('a session', () => {
  it('can be resumed for three minutes', async () => {
    const discord = await frozenDiscord()
    const client = await identified(discord)
    await lose(discord, client)
    discord.clock.advance(3 * 60_000)
    const again = await resuming(discord, client.sessionId, 2)
    await again.until('RESUMED')
    // Only the time without a connection counts.
    discord.clock.advance(4 * 60_000)
    discord.createGuild()
    const { s: last } = await again.until('GUILD_CREATE')
    await lose(discord, again)
    discord.clock.advance(3 * 60_000)
    await (await resuming(discord, client.sessionId, last ?? 0)).until('RESUMED')
  })

  it('times out later: 4009, then it is unknown, and a new one can start', async () => {
    const discord = await frozenDiscord({ sessionTimeoutMs: 5000 })
    const client = await identified(discord)
    await lose(discord, client)
    discord.clock.advance(5001)
    expect(await (await resuming(discord, client.sessionId, 2)).closed()).toBe(4009)
    expect(await (await resuming(discord, client.sessionId, 2)).next()).toMatchObject({ op: 9, d: false })
    await identified(discord)
  })

  it('that has timed out receives nothing more', async () => {
    const { discord, bot } = await startDiscordWithBot({ gateway: { sessionTimeoutMs: 5000 } })
    discord.clock.freeze()
    const run = () => discord.member.run('animate', { image: { name: 'boat.png', bytes: Buffer.alloc(10) }, prompt: 'slow push in' })
    bot.close()
    await discord.botGone()
    discord.clock.advance(5000)
    await run()
    discord.clock.advance(1)
    await expect(run()).rejects.toThrow('No bot is connected')
  })

  it.each([1000, 1001])('is over once its client closes the connection with %i', async (code) => {
    const discord = await frozenDiscord()
    const client = await identified(discord)
    client.socket.close(code)
    await discord.botGone()
    expect(await (await resuming(discord, client.sessionId, 2)).next()).toMatchObject({ op: 9, d: false })
  })

  it('goes on after any other code', async () => {
    const discord = await frozenDiscord()
    const client = await identified(discord)
    client.socket.close(4200)
    await discord.botGone()
    await (await resuming(discord, client.sessionId, 2)).until('RESUMED')
  })
})

it('what a client sends after a refusal has no effect', async () => {
  const discord = await frozenDiscord()
  const client = openGateway(discord)
  await client.until(10)
  client.send(99)
  client.send(2, { token: discord.botToken, intents: 1, properties: {} })
  expect(await client.closed()).toBe(4001)
  expect(discord.gateway.identifies).toBe(0)
  await (await identifying(discord)).until('READY')
})
