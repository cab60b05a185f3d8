import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { defaultBotPermissions } from '../../../sandbox/discord/model/permissions.ts'
import type { PermissionName } from '../../../sandbox/discord/model/permissions.ts'
import type { Channel } from '../../../sandbox/discord/people/channel.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

const without = (...names: PermissionName[]) => defaultBotPermissions.filter((name) => !names.includes(name))
const outcome = ({ status, code }: { status: number; code: number | undefined }) => [status, code]
const words = { json: { content: 'hello' } }

const read = async (channel: Channel) => outcome(await bot.call('GET', `/channels/${channel.id}/messages`))
const post = (channel: Channel) => bot.call('POST', `/channels/${channel.id}/messages`, words)
const edit = (channel: Channel, id: string) => bot.call('PATCH', `/channels/${channel.id}/messages/${id}`, words)

async function replyIn(channel: Channel, flags = 0) {
  const interaction = await bot.receive(discord.member, { channel })
  const acknowledged = outcome(await interaction.callback({ type: 5, data: { flags } }))
  return { ...interaction, acknowledged, id: interaction.shown.currentReply()?.id ?? '' }
}

const accepted = [200, undefined]
const missingAccess = [403, 50001]
const archived = [403, 50083]

describe('a kind of channel', () => {
  it.each([
    ['text', 0, 11],
    ['announcement', 5, 10],
    ['forum', 15, 11],
  ] as const)('%s: has its number, and its threads have theirs', async (kind, type, threadType) => {
    const channel = discord.guild.createChannel({ kind })
    const thread = discord.guild.createChannel({ threadOf: channel })
    expect((await bot.call('GET', `/channels/${channel.id}`)).body).toMatchObject({ type })
    expect((await bot.call('GET', `/channels/${thread.id}`)).body).toMatchObject({
      type: threadType,
      parent_id: channel.id,
      thread_metadata: { archived: false, locked: false, auto_archive_duration: 1440 },
    })
    expect(outcome(await post(thread))).toEqual(accepted)
  })

  it('forum: takes posts, but neither messages nor commands', async () => {
    const forum = discord.guild.createChannel({ kind: 'forum' })
    expect(outcome(await post(forum))).toEqual([400, 50008])
    await expect(bot.receive(discord.member, { channel: forum })).rejects.toThrow('no place for a command')
  })

  it.each([
    ['voice', 2],
    ['stage', 13],
  ] as const)('%s: its chat needs Connect besides View Channel', async (kind, type) => {
    const channel = discord.guild.createChannel({ kind })
    expect((await bot.call('GET', `/channels/${channel.id}`)).body).toMatchObject({ type })
    const { id } = (await post(channel)).body as { id: string }
    expect(outcome(await edit(channel, id))).toEqual(accepted)
    for (const permission of ['Connect', 'ViewChannel'] as const) {
      channel.setBotPermissions(without(permission))
      expect(await read(channel)).toEqual(missingAccess)
      expect(outcome(await post(channel))).toEqual(missingAccess)
      expect(outcome(await edit(channel, id))).toEqual(missingAccess)
    }
  })
})

describe('a private thread', () => {
  const privateThread = () => discord.guild.createChannel({ threadOf: discord.guild.channel, private: true })

  it('is there only for bots that were added, or that manage threads', async () => {
    const thread = privateThread()
    expect(await read(thread)).toEqual(missingAccess)
    expect(outcome(await post(thread))).toEqual(missingAccess)
    thread.addBot()
    expect(outcome(await post(thread))).toEqual(accepted)
    expect((await bot.call('GET', `/channels/${thread.id}`)).body).toMatchObject({ type: 12, thread_metadata: { invitable: true } })
    thread.removeBot()
    expect(await read(thread)).toEqual(missingAccess)
    discord.guild.channel.setBotPermissions([...defaultBotPermissions, 'ManageThreads'])
    expect(outcome(await post(thread))).toEqual(accepted)
  })

  it('sends commands to a bot that is not in it, which can reply by token alone; its permissions do not show that', async () => {
    const thread = privateThread()
    const { payload, acknowledged, id, original } = await replyIn(thread)
    expect(acknowledged).toEqual([204, undefined])
    expect(outcome(await bot.call('PATCH', original, words))).toEqual(accepted)
    expect(outcome(await edit(thread, id))).toEqual(missingAccess)
    const elsewhere = await replyIn(discord.guild.channel)
    expect(payload['app_permissions']).toBe(elsewhere.payload['app_permissions'])
    expect(payload['channel']).toMatchObject({ id: thread.id, type: 12, parent_id: discord.guild.channel.id })
  })
})

describe('a thread that was archived', () => {
  it('refuses edits by either token, and is reopened by a new message', async () => {
    const thread = discord.guild.createChannel({ threadOf: discord.guild.channel })
    const { id, original } = await replyIn(thread)
    thread.archive()
    expect(outcome(await edit(thread, id))).toEqual(archived)
    expect(outcome(await bot.call('PATCH', original, words))).toEqual(archived)
    expect(thread.archived).toBe(true)
    expect(await read(thread)).toEqual(accepted)
    expect(outcome(await post(thread))).toEqual(accepted)
    expect(thread.archived).toBe(false)
    expect(outcome(await edit(thread, id))).toEqual(accepted)
  })

  it('is reopened by the reply to a command and by a follow-up, not by a private one', async () => {
    const thread = discord.guild.createChannel({ threadOf: discord.guild.channel })
    thread.archive()
    const { payload, original } = await replyIn(thread)
    expect(payload['channel']).toMatchObject({ thread_metadata: { archived: true, locked: false } })
    expect(thread.archived).toBe(false)
    expect(outcome(await bot.call('PATCH', original, words))).toEqual(accepted)
    thread.archive()
    expect((await replyIn(thread, 64)).acknowledged).toEqual([204, undefined])
    expect(thread.archived).toBe(true)
  })
})

describe('a thread that was locked', () => {
  it('takes messages and edits only from those who manage threads, and private replies from all', async () => {
    const thread = discord.guild.createChannel({ threadOf: discord.guild.channel })
    const { id, original } = await replyIn(thread)
    thread.setLocked(true)
    expect(outcome(await post(thread))).toEqual(archived)
    expect(outcome(await edit(thread, id))).toEqual(archived)
    expect(outcome(await bot.call('PATCH', original, words))).toEqual(archived)
    expect((await replyIn(thread)).acknowledged).toEqual(archived)
    expect((await replyIn(thread, 64)).acknowledged).toEqual([204, undefined])
    discord.guild.channel.setBotPermissions([...defaultBotPermissions, 'ManageThreads'])
    expect(outcome(await edit(thread, id))).toEqual(accepted)
    thread.archive()
    expect(outcome(await edit(thread, id))).toEqual(archived)
    expect(outcome(await post(thread))).toEqual(accepted)
    expect(thread.archived).toBe(false)
    thread.setLocked(false)
    discord.guild.channel.setBotPermissions(undefined)
    expect(outcome(await post(thread))).toEqual(accepted)
  })
})
