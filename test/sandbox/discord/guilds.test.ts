import { PermissionFlagsBits } from 'discord.js'
import { expect, it } from 'vitest'

import { startDiscordWithBot } from './bare-bot.ts'
import { startBot } from './bot.ts'

// `startDiscordWithBot` fails a test whose responses break Discord's specification.
it('the API returns a guild as Discord specifies it, with its counts on request', async () => {
  const { discord, bot } = await startDiscordWithBot()
  const guild = discord.createGuild({ name: 'Film club', premiumTier: 2, botPermissions: ['ViewChannel'] })
  guild.createMember({ name: 'Ann' })
  const plain = await bot.call('GET', `/guilds/${guild.id}`)
  expect(plain.status).toBe(200)
  expect(plain.body).toMatchObject({ id: guild.id, name: 'Film club', premium_tier: 2, roles: [{ id: guild.id }, { managed: true }] })
  for (const unsent of ['channels', 'members', 'joined_at', 'member_count', 'approximate_member_count', 'approximate_presence_count']) {
    expect(plain.body).not.toHaveProperty(unsent)
  }
  for (const yes of ['true', 'True', '1']) {
    const counted = await bot.call('GET', `/guilds/${guild.id}?with_counts=${yes}`)
    expect(counted.body).toEqual({ ...plain.body, approximate_member_count: 2, approximate_presence_count: 1 })
  }
  expect((await bot.call('GET', `/guilds/${guild.id}?with_counts=false`)).body).toEqual(plain.body)
})

it('a guild that does not exist, that the bot is not in, and what is no id', async () => {
  const { discord, bot } = await startDiscordWithBot()
  const foreign = discord.createGuild({ botIsMember: false })
  const left = discord.createGuild()
  left.removeBot()
  expect(await bot.call('GET', `/guilds/${discord.member.id}`)).toMatchObject({ status: 404, code: 10004 })
  expect(await bot.call('GET', `/guilds/${foreign.id}`)).toMatchObject({ status: 403, code: 50001 })
  expect(await bot.call('GET', `/guilds/${left.id}`)).toMatchObject({ status: 403, code: 50001 })
  const malformed = await bot.call('GET', '/guilds/mine')
  expect(malformed).toMatchObject({
    status: 400,
    code: 50035,
    body: { errors: { guild_id: { _errors: [{ code: 'NUMBER_TYPE_COERCE' }] } } },
  })
  expect((await bot.call('GET', `/guilds/${discord.guild.id}`, { token: 'wrong' })).status).toBe(401)
})

it('a real discord.js client reads it', async () => {
  const { discord, bot } = await startDiscordWithBot()
  bot.close()
  await using client = await startBot(discord, () => Promise.resolve())
  const guild = await client.client.guilds.fetch({ guild: discord.guild.id, withCounts: true, force: true })
  expect(guild).toMatchObject({ name: 'Sandbox', ownerId: expect.any(String) as string, approximateMemberCount: 2 })
  const me = await guild.members.fetchMe()
  expect(me.permissions.has(PermissionFlagsBits.AttachFiles)).toBe(true)
  expect(client.errors).toEqual([])
})
