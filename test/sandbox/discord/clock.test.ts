import { once } from 'node:events'

import { expect, it } from 'vitest'

import { DiscordClock } from '../../../sandbox/discord/model/clock.ts'
import { startDiscordWithBot } from './bare-bot.ts'
import { discordWith, identified } from './gateway-client.ts'

const year = 365 * 24 * 60 * 60_000
const madeAt = (id: unknown) => Number(BigInt(id as string) >> 22n) + 1_420_070_400_000

it('ids and timestamps follow the clock', async () => {
  const { discord, bot } = await startDiscordWithBot()
  discord.clock.freeze()
  discord.clock.advance(year)
  const now = discord.clock.now()
  const timestamp = new Date(now).toISOString()

  const guild = discord.createGuild()
  const thread = guild.createChannel({ threadOf: guild.channel })
  const member = guild.createMember({ name: 'Ann' })
  const command = await bot.receive(member, { channel: thread })
  await command.callback({ type: 4, data: { content: 'x' } })
  discord.clock.advance(1000)
  const edited = new Date(now + 1000).toISOString()
  const { body: reply } = await bot.call('PATCH', command.original, { json: { content: 'y' }, token: undefined })

  for (const id of [guild.id, thread.id, member.id, command.payload.id, reply['id']]) expect(madeAt(id)).toBe(now)
  expect(reply).toMatchObject({ timestamp, edited_timestamp: edited })
  expect(command.payload).toMatchObject({
    member: { joined_at: timestamp },
    channel: { thread_metadata: { archive_timestamp: timestamp } },
  })
  const client = await identified(discord)
  for (;;) {
    const created = await client.until('GUILD_CREATE')
    if (created.d['id'] !== guild.id) continue
    expect(created.d).toMatchObject({ joined_at: timestamp, threads: [{ thread_metadata: { archive_timestamp: timestamp } }] })
    break
  }
})

it('ids of one millisecond differ, and grow', async () => {
  const discord = await discordWith()
  discord.clock.freeze()
  const ids = Array.from({ length: 50 }, () => BigInt(discord.createGuild().id))
  expect(ids).toEqual([...new Set(ids)].sort((one, other) => (one < other ? -1 : 1)))
})

it('rate limits end although the clock is frozen, and earlier if it is advanced', async () => {
  const discord = await discordWith({ rateLimit: { limit: 1, windowMs: 100_000_000 } })
  discord.clock.freeze()
  const read = () => fetch(`${discord.apiUrl}/v10/users/@me`, { headers: { authorization: `Bot ${discord.botToken}` } })
  expect((await read()).status).toBe(200)
  const limited = await read()
  expect(limited.status).toBe(429)
  const { retry_after: seconds } = (await limited.json()) as { retry_after: number }
  discord.clock.advance(seconds * 1000)
  expect((await read()).status).toBe(200)

  const brief = await discordWith({ rateLimit: { limit: 1, windowMs: 1 } })
  brief.clock.freeze()
  const readBrief = () => fetch(`${brief.apiUrl}/v10/users/@me`, { headers: { authorization: `Bot ${brief.botToken}` } })
  expect((await readBrief()).status).toBe(200)
  // Real time passes between requests.
  while ((await readBrief()).status === 429);
})

it('alarms ring in their order, once the clock is there', async () => {
  const clock = new DiscordClock()
  clock.freeze()
  const rung: string[] = []
  const start = clock.now()
  clock.at(start + 2000, () => rung.push('second'))
  const cancel = clock.at(start + 1500, () => rung.push('cancelled'))
  clock.at(start + 1000, () => {
    rung.push('first')
    cancel()
  })
  clock.advance(999)
  expect(rung).toEqual([])
  clock.advance(5000)
  expect(rung).toEqual(['first', 'second'])
  const running = new DiscordClock()
  const target = new EventTarget()
  running.at(running.now() + 5, () => target.dispatchEvent(new Event('rung')))
  await once(target, 'rung')
})
