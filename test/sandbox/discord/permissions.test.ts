import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { Channel } from '../../../sandbox/discord/people/channel.ts'
import { defaultBotPermissions } from '../../../sandbox/discord/model/permissions.ts'
import type { PermissionName } from '../../../sandbox/discord/model/permissions.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'
import type { CallOptions } from './bare-bot.ts'
import { imageOf, startBot } from './bot.ts'

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

const without = (...names: PermissionName[]) => defaultBotPermissions.filter((name) => !names.includes(name))
const outcome = ({ status, code }: { status: number; code: number | undefined }) => [status, code]
const withFile: CallOptions = { json: { attachments: [{ id: '0' }] }, files: { 'files[0]': { name: 'a.txt', bytes: Buffer.from('a') } } }

async function post(channel: Channel, options: CallOptions = { json: { content: 'hello' } }) {
  return bot.call('POST', `/channels/${channel.id}/messages`, options)
}

describe('the bot token', () => {
  it.for<[string, PermissionName, CallOptions, number, number]>([
    ['view', 'ViewChannel', { json: { content: 'x' } }, 403, 50001],
    ['send', 'SendMessages', { json: { content: 'x' } }, 403, 50013],
    ['attach', 'AttachFiles', withFile, 403, 50013],
  ])('requires the permission to %s', async ([, permission, options, status, code]) => {
    expect((await post(discord.guild.channel, options)).status).toBe(200)
    discord.guild.channel.setBotPermissions(without(permission))
    expect(outcome(await post(discord.guild.channel, options))).toEqual([status, code])
    discord.guild.channel.setBotPermissions(undefined)
    discord.guild.setBotPermissions(without(permission))
    expect(outcome(await post(discord.guild.channel, options))).toEqual([status, code])
  })

  it('requires no permission to attach for a message without files', async () => {
    discord.guild.setBotPermissions(without('AttachFiles'))
    expect((await post(discord.guild.channel)).status).toBe(200)
  })

  it('needs no permission to send for an edit, but one to see the channel and one to attach', async () => {
    const path = `/channels/${discord.guild.channel.id}/messages/${(await post(discord.guild.channel)).body['id'] as string}`
    const edit = async (options: CallOptions) => outcome(await bot.call('PATCH', path, options))
    discord.guild.setBotPermissions(without('SendMessages'))
    expect(outcome(await post(discord.guild.channel))).toEqual([403, 50013])
    expect(await edit({ json: { content: 'edited' } })).toEqual([200, undefined])
    expect(await edit(withFile)).toEqual([200, undefined])
    discord.guild.setBotPermissions(without('AttachFiles'))
    expect(await edit(withFile)).toEqual([403, 50013])
    discord.guild.setBotPermissions(without('ViewChannel'))
    expect(await edit({ json: { content: 'unseen' } })).toEqual([403, 50001])
    expect(discord.guild.channel.messages()[0]?.text).toBe('edited')
  })

  it('requires another permission in threads than in their channel', async () => {
    const thread = discord.guild.createChannel({ threadOf: discord.guild.channel })
    discord.guild.setBotPermissions(without('SendMessages'))
    expect((await post(thread)).status).toBe(200)
    discord.guild.setBotPermissions(without('SendMessagesInThreads'))
    expect(outcome(await post(thread))).toEqual([403, 50013])
    discord.guild.channel.setBotPermissions(without('ViewChannel'))
    expect(outcome(await post(thread))).toEqual([403, 50001])
  })

  it('requires the message history to read and reply', async () => {
    const id = (await post(discord.guild.channel)).body['id'] as string
    const path = `/channels/${discord.guild.channel.id}/messages`
    const reply = { json: { content: 'x', message_reference: { message_id: id } } }
    expect((await post(discord.guild.channel, reply)).body).toMatchObject({
      type: 19,
      message_reference: { message_id: id },
      referenced_message: { id },
    })
    expect((await bot.call('GET', `${path}/${id}`)).status).toBe(200)
    discord.guild.setBotPermissions(without('ReadMessageHistory'))
    expect(outcome(await post(discord.guild.channel, reply))).toEqual([403, 160002])
    expect(outcome(await bot.call('GET', `${path}/${id}`))).toEqual([403, 50013])
    expect((await bot.call('GET', path)).body).toEqual([])
  })

  it('can reply to a deleted message only with fail_if_not_exists: false', async () => {
    const gone = { message_id: '123456789012345678' }
    expect((await post(discord.guild.channel, { json: { content: 'x', message_reference: gone } })).body).toHaveProperty(
      'errors.message_reference._errors',
    )
    const silent = await post(discord.guild.channel, { json: { content: 'x', message_reference: { ...gone, fail_if_not_exists: false } } })
    expect(silent.status).toBe(200)
    expect(silent.body).not.toHaveProperty('message_reference')
  })

  it('lists messages newest first, before and after an id', async () => {
    const ids: string[] = []
    for (const content of ['1', '2', '3']) ids.push((await post(discord.guild.channel, { json: { content } })).body['id'] as string)
    const list = async (query: string) => {
      const { body } = await bot.call('GET', `/channels/${discord.guild.channel.id}/messages${query}`)
      return (body as unknown as { content: string }[]).map(({ content }) => content)
    }
    expect(await list('')).toEqual(['3', '2', '1'])
    expect(await list('?limit=2')).toEqual(['3', '2'])
    expect(await list(`?before=${ids[2]}&limit=1`)).toEqual(['2'])
    expect(await list(`?after=${ids[0]}`)).toEqual(['3', '2'])
    for (const query of ['limit=0', 'limit=101', 'before=now']) {
      expect((await bot.call('GET', `/channels/${discord.guild.channel.id}/messages?${query}`)).code).toBe(50035)
    }
  })

  it('has no access to a guild without the bot, but an interaction token has', async () => {
    const guild = discord.createGuild({ botIsMember: false })
    const interaction = await bot.receive(guild.createMember({ name: 'Carol' }))
    expect(interaction.payload['authorizing_integration_owners']).toEqual({ 0: guild.id })
    await interaction.callback({ type: 5 })
    expect((await bot.call('PATCH', interaction.original, withFile)).status).toBe(200)
    expect(outcome(await post(guild.channel))).toEqual([403, 50001])
    expect(outcome(await bot.call('GET', `/channels/${guild.channel.id}`))).toEqual([403, 50001])
  })

  it('does not see ephemeral messages', async () => {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 4, data: { content: 'psst', flags: 64 } })
    const id = interaction.shown.currentReply()?.id ?? ''
    const path = `/channels/${discord.guild.channel.id}/messages/${id}`
    expect(outcome(await bot.call('PATCH', path, { json: { content: 'x' } }))).toEqual([404, 10008])
    expect((await bot.call('PATCH', interaction.original, { json: { content: 'x' } })).status).toBe(200)
    expect(discord.guild.channel.messages()).toEqual([])
  })
})

describe('a channel', () => {
  it('is described by its type', async () => {
    const thread = discord.guild.createChannel({ name: 'takes', threadOf: discord.guild.channel })
    const get = async (id: string) => (await bot.call('GET', `/channels/${id}`)).body
    expect(await get(discord.guild.channel.id)).toMatchObject({ type: 0, guild_id: discord.guild.id, name: 'general', nsfw: false })
    expect(await get(thread.id)).toMatchObject({ type: 11, parent_id: discord.guild.channel.id, name: 'takes' })
    expect(outcome(await bot.call('GET', '/channels/123456789012345678'))).toEqual([404, 10003])
  })

  it('is inaccessible after the bot was removed', async () => {
    discord.guild.removeBot()
    expect(outcome(await bot.call('GET', `/channels/${discord.guild.channel.id}`))).toEqual([403, 50001])
  })
})

describe('the permissions that discord.js computes', () => {
  it('are exactly those that are enforced', async () => {
    let seen: string[] | undefined
    await using real = await startBot(discord, async (interaction) => {
      if (!interaction.isChatInputCommand()) return
      seen = interaction.appPermissions.toArray()
      await interaction.reply({ content: 'seen' })
    })
    const channel = discord.guild.createChannel({ botPermissions: ['ViewChannel', 'SendMessages', 'ManageMessages'] })
    const run = await discord.member.run('animate', { image: { name: 'a.png', bytes: imageOf(1, 1) }, prompt: 'xx' }, { channel })
    await run.reply()
    expect(seen?.toSorted()).toEqual(['ManageMessages', 'SendMessages', 'ViewChannel'])
    const cached = real.client.channels.cache.get(channel.id)
    const me = await real.client.guilds.cache.get(discord.guild.id)?.members.fetchMe()
    expect(cached?.isTextBased() && !cached.isDMBased() && me && cached.permissionsFor(me).toArray().toSorted()).toEqual(seen?.toSorted())
    expect(real.errors).toEqual([])
  })
})
