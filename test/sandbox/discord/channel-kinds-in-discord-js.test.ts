import { once } from 'node:events'

import { ChannelType, type Interaction, type ThreadChannel } from 'discord.js'
import { describe, expect, it, onTestFinished } from 'vitest'

import { type LocalDiscord, startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { Channel } from '../../../sandbox/discord/people/channel.ts'
import { imageOf, startBot, type TestBot } from './bot.ts'

const image = { name: 'a.png', bytes: imageOf(1, 1) }

async function start(): Promise<{ discord: LocalDiscord; bot: TestBot; seen: Interaction[] }> {
  const discord = await startLocalDiscord()
  const seen: Interaction[] = []
  const bot = await startBot(discord, async (interaction) => {
    seen.push(interaction)
    if (interaction.isChatInputCommand()) await interaction.reply({ content: 'seen' })
  })
  onTestFinished(async () => {
    await bot[Symbol.asyncDispose]()
    await discord.close()
    expect(bot.errors).toEqual([])
    expect(discord.responseProblems).toEqual([])
  })
  return { discord, bot, seen }
}

describe('a discord.js client', () => {
  it('understands the channel of an interaction of every kind', async () => {
    const { discord, seen } = await start()
    const { guild } = discord
    const forum = guild.createChannel({ kind: 'forum' })
    const announcements = guild.createChannel({ kind: 'announcement' })
    const channels: [Channel, ChannelType][] = [
      [guild.channel, ChannelType.GuildText],
      [announcements, ChannelType.GuildAnnouncement],
      [guild.createChannel({ threadOf: announcements }), ChannelType.AnnouncementThread],
      [guild.createChannel({ threadOf: guild.channel }), ChannelType.PublicThread],
      [guild.createChannel({ threadOf: forum }), ChannelType.PublicThread],
      [guild.createChannel({ threadOf: guild.channel, private: true }), ChannelType.PrivateThread],
      [guild.createChannel({ kind: 'voice' }), ChannelType.GuildVoice],
      [guild.createChannel({ kind: 'stage' }), ChannelType.GuildStageVoice],
    ]
    for (const [channel] of channels) await (await discord.member.run('animate', { image, prompt: 'xx' }, { channel })).reply()
    expect(seen.map(({ channel }) => channel?.type)).toEqual(channels.map(([, type]) => type))
    const post = seen[4]?.channel as ThreadChannel
    expect(post).toMatchObject({ parentId: forum.id, archived: false, locked: false })
    expect(post.parent?.type).toBe(ChannelType.GuildForum)
  })

  it('is told of the threads that it may see, and of what happens to them', async () => {
    const { discord, bot } = await start()
    const { guild } = discord
    const told = (event: string) => once(bot.client, event) as Promise<ThreadChannel[]>
    const created = told('threadCreate')
    guild.createChannel({ name: 'secret', threadOf: guild.channel, private: true })
    const thread = guild.createChannel({ name: 'open', threadOf: guild.channel })
    expect((await created)[0]).toMatchObject({ id: thread.id })
    const updated = told('threadUpdate')
    thread.archive()
    expect((await updated)[1]).toMatchObject({ id: thread.id, archived: true })
    const hidden = guild.createChannel({ threadOf: guild.channel, private: true })
    const added = told('threadCreate')
    hidden.addBot()
    expect((await added)[0]).toMatchObject({ id: hidden.id, type: ChannelType.PrivateThread })
    const removed = told('threadMembersUpdate')
    hidden.removeBot()
    await removed
  })

  it('finds at its sign-in the active threads that it may see', async () => {
    const discord = await startLocalDiscord()
    onTestFinished(() => discord.close())
    const { guild } = discord
    const [open, old, secret, joined] = ['open', 'old', 'secret', 'joined'].map((name) =>
      guild.createChannel({ name, threadOf: guild.channel, private: name === 'secret' || name === 'joined' }),
    ) as [Channel, Channel, Channel, Channel]
    old.archive()
    joined.addBot()
    await using bot = await startBot(discord, () => Promise.resolve())
    const known = [open, old, secret, joined].map(({ id }) => bot.client.channels.cache.has(id))
    expect(known).toEqual([true, false, false, true])
    expect(bot.errors).toEqual([])
  })
})
