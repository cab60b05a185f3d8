import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { defaultBotPermissions } from '../../../sandbox/discord/model/permissions.ts'
import type { Channel } from '../../../sandbox/discord/people/channel.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'
import { startBot } from './bot.ts'

interface Snapshot {
  message: { content: string; attachments: { url: string }[] }
}

let discord: LocalDiscord
let bot: BareBot
let target: Channel

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
  target = discord.guild.createChannel({ name: 'best-of' })
})

const path = (channel: Channel) => `/channels/${channel.id}/messages`
const post = async (channel: Channel) => {
  const files = { 'files[0]': { name: 'clip.mp4', bytes: Buffer.from('clip') } }
  return (await bot.call('POST', path(channel), { json: { content: 'a boat' }, files })).body['id'] as string
}
const forward = (reference: object, extra: object = {}) =>
  bot.call('POST', path(target), { json: { message_reference: { type: 1, ...reference }, ...extra } })
const snapshotOf = (body: Record<string, unknown>) => (body['message_snapshots'] as Snapshot[])[0]?.message

describe('a forward', () => {
  it('shows the message as it was, without its author, and says where it came from', async () => {
    const id = await post(discord.guild.channel)
    const { status, body } = await forward({ message_id: id, channel_id: discord.guild.channel.id })
    expect([status, body['content'], body['flags']]).toEqual([200, '', 1 << 14])
    expect(body['message_reference']).toEqual({
      type: 1,
      message_id: id,
      channel_id: discord.guild.channel.id,
      guild_id: discord.guild.id,
    })
    expect(snapshotOf(body)).toMatchObject({ type: 0, content: 'a boat', attachments: [{ filename: 'clip.mp4' }] })
    expect(snapshotOf(body)).not.toHaveProperty('author')
  })

  it('stays as it is when the message is edited and deleted', async () => {
    const id = await post(discord.guild.channel)
    const { body } = await forward({ message_id: id, channel_id: discord.guild.channel.id })
    await bot.call('PATCH', `${path(discord.guild.channel)}/${id}`, { json: { content: 'a ship' } })
    await bot.call('DELETE', `${path(discord.guild.channel)}/${id}`)
    const read = await bot.call('GET', `${path(target)}/${body['id'] as string}`)
    expect(snapshotOf(read.body)?.content).toBe('a boat')
    const url = snapshotOf(read.body)?.attachments[0]?.url ?? ''
    expect(await (await fetch(url)).text()).toBe('clip')
    discord.deleteMessage(body['id'] as string)
    expect((await fetch(url)).status).toBe(404)
  })

  it('of a forward shows the first message', async () => {
    const id = await post(discord.guild.channel)
    const first = await forward({ message_id: id, channel_id: discord.guild.channel.id })
    const second = await forward({ message_id: first.body['id'], channel_id: target.id })
    expect(snapshotOf(second.body)?.content).toBe('a boat')
  })

  it.each([
    ['content', { content: 'look' }],
    ['embeds', { embeds: [{ title: 'look' }] }],
    ['components', { components: [{ type: 1, components: [{ type: 2, style: 1, label: 'Go', custom_id: 'go' }] }] }],
  ])('has no %s of its own: 160011', async (_name, extra) => {
    const reference = { message_id: await post(discord.guild.channel), channel_id: discord.guild.channel.id }
    expect(await forward(reference, extra)).toMatchObject({ status: 400, code: 160011 })
    expect(target.messages()).toEqual([])
  })

  it('names the channel of the message', async () => {
    const refused = await forward({ message_id: await post(discord.guild.channel) })
    expect(refused.body).toHaveProperty('errors.message_reference.channel_id._errors')
  })

  it('requires a message that is there: 160008', async () => {
    expect(await forward({ message_id: '123456789012345678', channel_id: discord.guild.channel.id })).toMatchObject({ code: 160008 })
  })

  it('requires to see the channel (160014) and to read its history (160009)', async () => {
    const source = discord.guild.createChannel()
    const reference = { message_id: await post(source), channel_id: source.id }
    source.setBotPermissions(defaultBotPermissions.filter((name) => name !== 'ReadMessageHistory'))
    expect(await forward(reference)).toMatchObject({ status: 403, code: 160009 })
    source.setBotPermissions(defaultBotPermissions.filter((name) => name !== 'ViewChannel'))
    expect(await forward(reference)).toMatchObject({ status: 403, code: 160014 })
    source.setBotPermissions(undefined)
    expect((await forward(reference)).status).toBe(200)
  })

  it('does not leave an age-restricted channel for another: 160010', async () => {
    const source = discord.guild.createChannel({ nsfw: true })
    const thread = discord.guild.createChannel({ threadOf: source })
    expect(await forward({ message_id: await post(source), channel_id: source.id })).toMatchObject({ code: 160010 })
    expect(await forward({ message_id: await post(thread), channel_id: thread.id })).toMatchObject({ code: 160010 })
    target = thread
    expect((await forward({ message_id: await post(source), channel_id: source.id })).status).toBe(200)
  })

  it('is what discord.js makes of message.forward', async () => {
    await using real = await startBot(discord, () => Promise.resolve())
    const channel = await real.client.channels.fetch(discord.guild.channel.id)
    const destination = await real.client.channels.fetch(target.id)
    if (!channel?.isSendable() || !destination?.isTextBased() || destination.isDMBased()) throw new Error('not a text channel')
    const sent = await channel.send({ content: 'a boat' })
    const forwarded = await sent.forward(destination)
    expect(forwarded.messageSnapshots.first()?.content).toBe('a boat')
  })
})
