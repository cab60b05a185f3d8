import { describe, expect, it } from 'vitest'

import { discordWith, identified, lose, openGateway, resuming } from './gateway-client.ts'

describe('the gateway', () => {
  it('says hello, acknowledges heartbeats and numbers its events', async () => {
    const discord = await discordWith()
    const client = await identified(discord)
    expect(client.ready.s).toBe(1)
    expect(client.ready.d).toMatchObject({
      v: 10,
      guilds: [{ id: discord.guild.id, unavailable: true }],
      application: { id: discord.applicationId },
    })
    expect(await client.next()).toMatchObject({ t: 'GUILD_CREATE', s: 2, d: { id: discord.guild.id } })
    client.send(1, 2)
    expect((await client.next()).op).toBe(11)
  })

  it('acknowledges heartbeats before an identify, and serves a client that names no version', async () => {
    const client = openGateway(await discordWith(), '')
    await client.until(10)
    client.send(1, null)
    expect((await client.next()).op).toBe(11)
  })

  it('replays exactly the missed events on resume', async () => {
    const discord = await discordWith()
    const first = await identified(discord)
    await first.next()
    await lose(discord, first)
    const [second, third] = [discord.createGuild({ name: 'Second' }), discord.createGuild({ name: 'Third' })]
    const again = await resuming(discord, first.sessionId, 3)
    expect(await again.next()).toMatchObject({ t: 'GUILD_CREATE', s: 4, d: { id: third.id } })
    expect(await again.next()).toMatchObject({ t: 'RESUMED', s: 5 })
    expect(second.id).not.toBe(third.id)
  })

  it('answers opcode 9 to an unknown session', async () => {
    const client = await resuming(await discordWith(), 'unknown', 1)
    expect(await client.next()).toMatchObject({ op: 9, d: false })
  })

  it('gives each shard only its own guilds', async () => {
    const discord = await discordWith()
    discord.clock.freeze()
    // A shard covers the guilds of one millisecond.
    const others = Array.from({ length: 8 }, () => {
      discord.clock.advance(1)
      return discord.createGuild()
    })
    const shardOf = (id: string) => Number((BigInt(id) >> 22n) % 2n)
    const all = [discord.guild, ...others].map(({ id }) => id)
    for (const shard of [0, 1]) {
      const { ready } = await identified(discord, { shard: [shard, 2] })
      const ids = (ready.d['guilds'] as { id: string }[]).map(({ id }) => id)
      expect(ids).toEqual(all.filter((id) => shardOf(id) === shard))
      expect(ids.length).toBeGreaterThan(2)
    }
  })
})
