import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'
import { imageOf } from './bot.ts'

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

const deferred = async (flags = 0) => {
  const interaction = await bot.receive(discord.member)
  await interaction.callback({ type: 5, data: { flags } })
  return interaction
}
const files = (...names: string[]) =>
  Object.fromEntries(names.map((name, index) => [`files[${index}]`, { name, bytes: Buffer.from(name) }]))

describe('attachments', () => {
  it('are all kept without a list; a list selects old and new ones', async () => {
    const { original, shown } = await deferred()
    const names = () => shown.currentReply()?.attachments.map(({ filename }) => filename)
    await bot.call('PATCH', original, { json: { attachments: [{ id: '0' }, { id: '1' }] }, files: files('a.txt', 'b.txt') })
    expect(names()).toEqual(['a.txt', 'b.txt'])
    await bot.call('PATCH', original, { json: { content: 'words' } })
    expect(names()).toEqual(['a.txt', 'b.txt'])
    const [, kept] = shown.currentReply()?.attachments ?? []
    const dropped = shown.currentReply()?.attachments[0]?.url ?? ''
    await bot.call('PATCH', original, {
      json: { attachments: [{ id: kept?.id }, { id: '0' }, { id: '1' }] },
      files: files('c.txt', 'd.txt'),
    })
    expect(names()).toEqual(['b.txt', 'c.txt', 'd.txt'])
    expect((await fetch(dropped)).status).toBe(404)
    expect(await (await fetch(shown.currentReply()?.attachments[2]?.url ?? '')).text()).toBe('d.txt')
    await bot.call('PATCH', original, { json: { content: 'words', attachments: [] } })
    expect(names()).toEqual([])
  })

  it('are kept when files come without a list, and the files are added', async () => {
    const { original, shown } = await deferred()
    const names = () => shown.currentReply()?.attachments.map(({ filename }) => filename)
    await bot.call('PATCH', original, { json: { content: 'one' }, files: files('a.txt') })
    await bot.call('PATCH', original, { json: { content: 'two' }, files: files('b.txt', 'c.txt') })
    expect(names()).toEqual(['a.txt', 'b.txt', 'c.txt'])
    await bot.call('PATCH', original, { json: { attachments: [] }, files: files('d.txt') })
    expect(names()).toEqual(['d.txt'])
  })

  it('may have any number in their field, and those without an entry in the list are added, too', async () => {
    const { original, shown } = await deferred()
    const [first, second] = [
      { name: 'a.txt', bytes: Buffer.from('a') },
      { name: 'b.txt', bytes: Buffer.from('b') },
    ]
    const json = { attachments: [{ id: '42', filename: 'named.txt', description: 'the second' }] }
    const { status, body } = await bot.call('PATCH', original, { json, files: { 'files[7]': first, 'files[42]': second } })
    expect([status, shown.currentReply()?.attachments.map(({ filename }) => filename)]).toEqual([200, ['named.txt', 'a.txt']])
    expect(body['attachments']).toMatchObject([{ description: 'the second' }, { filename: 'a.txt' }])
    expect(await (await fetch(shown.currentReply()?.attachments[0]?.url ?? '')).text()).toBe('b')
  })

  it('have a size, a content type, image dimensions and a stored name', async () => {
    const { original } = await deferred()
    const image = { 'files[0]': { name: 'my boat.png', bytes: imageOf(320, 200) } }
    const { body } = await bot.call('PATCH', original, { json: { attachments: [{ id: '0', description: 'a boat' }] }, files: image })
    expect(body['attachments']).toMatchObject([
      { filename: 'my_boat.png', size: 64, content_type: 'image/png', width: 320, height: 200, description: 'a boat' },
    ])
  })

  it('shown by a component are not listed, and an edit of the text keeps them', async () => {
    const { original, shown } = await deferred()
    const card = (text: string) => [
      {
        type: 17,
        components: [
          { type: 10, content: text },
          { type: 12, items: [{ media: { url: 'attachment://clip.mp4' } }] },
        ],
      },
    ]
    const { body } = await bot.call('PATCH', original, {
      json: { flags: 32768, components: card('one'), attachments: [{ id: '0' }] },
      files: files('clip.mp4'),
    })
    expect(body['attachments']).toEqual([])
    const edited = await bot.call('PATCH', original, { json: { components: card('two') } })
    const media = (edited.body as { components: { components: { items?: { media: { url: string; attachment_id: string } }[] }[] }[] })
      .components[0]?.components[1]?.items?.[0]?.media
    expect(await (await fetch(media?.url ?? '')).text()).toBe('clip.mp4')
    expect(media?.attachment_id).toBe(shown.currentReply()?.attachments[0]?.id)
  })

  it.each([
    ['a field of another name', { clip: { name: 'a.mp4', bytes: Buffer.from('x') } }, 'clip'],
    ['more than ten', files(...Array.from({ length: 11 }, (_, index) => `${index}.txt`)), 'files'],
  ])('are refused in %s', async (_name, sent, place) => {
    const { body } = await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json: { content: 'x' }, files: sent })
    expect(body).toHaveProperty(['errors', place])
  })
})

describe('a deferred reply', () => {
  it('is loading until the first edit and keeps its visibility', async () => {
    const { original, shown } = await deferred(64)
    expect(shown.currentReply()).toMatchObject({ loading: true, ephemeral: true, text: '' })
    await bot.call('PATCH', original, { json: { content: 'there', flags: 0 } })
    expect(shown.currentReply()).toMatchObject({ loading: false, ephemeral: true, text: 'there' })
  })

  it('becomes the first follow-up and keeps its visibility; after its deletion a follow-up is a new message', async () => {
    const first = await deferred()
    await bot.call('POST', first.webhook, { json: { content: 'meant for one', flags: 64 } })
    expect(first.shown.currentReply()).toMatchObject({ text: 'meant for one', ephemeral: false })
    expect(first.shown.followUps()).toEqual([])
    const second = await deferred()
    await bot.call('DELETE', second.original)
    await bot.call('POST', second.webhook, { json: { content: 'for one', flags: 64 } })
    expect(await second.shown.followUp()).toMatchObject({ text: 'for one', ephemeral: true })
  })

  it('gives ids to components without one', async () => {
    const { original } = await deferred()
    const components = [{ type: 17, components: [{ type: 10, content: 'a', id: 1 }, { type: 14 }] }]
    const { body } = await bot.call('PATCH', original, { json: { flags: 32768, components } })
    expect(body['components']).toMatchObject([{ id: 2, accent_color: null, components: [{ id: 1 }, { id: 3, divider: true }] }])
  })
})

describe('mentions', () => {
  const mention = () => `<@${discord.member.id}> @everyone`
  it.each([
    ['without allowed_mentions', {}, true],
    ['with parse: users', { allowed_mentions: { parse: ['users'] } }, true],
    ['with none', { allowed_mentions: { parse: [] } }, false],
    ['silently', { flags: 4096 }, false],
  ])('notify on a new message %s', async (_name, extra, notified) => {
    const { body } = await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json: { content: mention(), ...extra } })
    const message = discord.guild.channel.messages().find(({ id }) => id === body['id'])
    expect(message?.notified).toEqual(notified ? [discord.member.id] : [])
    expect(message?.mentionsEveryone).toBe(false)
  })

  it('can be allowed for one user only', async () => {
    const other = discord.guild.createMember({ name: 'Bob' })
    const json = { content: `<@${discord.member.id}> <@${other.id}>`, allowed_mentions: { users: [other.id] } }
    const { body } = await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json })
    expect(body['mentions']).toMatchObject([{ id: other.id, global_name: 'Bob' }])
  })

  it('of roles count in a message of the bot token only, unless an interaction allows them', async () => {
    const content = '<@&123456789012345678>'
    const { webhook } = await deferred()
    await bot.call('POST', webhook, { json: { content: 'done' } })
    const mentioned = async (path: string, extra: object = {}) =>
      (await bot.call('POST', path, { json: { content, ...extra } })).body['mention_roles']
    expect(await mentioned(`/channels/${discord.guild.channel.id}/messages`)).toEqual(['123456789012345678'])
    expect(await mentioned(webhook)).toEqual([])
    expect(await mentioned(webhook, { allowed_mentions: { parse: ['roles'] } })).toEqual(['123456789012345678'])
  })

  it('never notify on an edit', async () => {
    const { original, shown } = await deferred()
    await bot.call('PATCH', original, { json: { flags: 32768, components: [{ type: 10, content: mention() }] } })
    expect(shown.currentReply()).toMatchObject({ mentions: [discord.member.id], notified: [] })
  })

  it('of everyone require the permission', async () => {
    discord.guild.setBotPermissions(['ViewChannel', 'SendMessages', 'MentionEveryone'])
    await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json: { content: mention() } })
    expect(discord.guild.channel.messages()[0]?.mentionsEveryone).toBe(true)
  })
})

describe('an enforced nonce', () => {
  it('makes a repeated request return the first message', async () => {
    const post = (nonce: string) =>
      bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json: { content: 'once', nonce, enforce_nonce: true } })
    const [first, second, other] = [await post('n1'), await post('n1'), await post('n2')]
    expect(second.body['id']).toBe(first.body['id'])
    expect(other.body['id']).not.toBe(first.body['id'])
  })
})

describe('watching a message', () => {
  it('reports every change until it is unsubscribed', async () => {
    const { original, shown } = await deferred()
    const seen: Pick<ShownMessage, 'text' | 'deleted'>[] = []
    const stop = discord.watchMessage(shown.currentReply()?.id ?? '', ({ text, deleted }) => seen.push({ text, deleted }))
    await bot.call('PATCH', original, { json: { content: 'one' } })
    await bot.call('DELETE', original)
    stop()
    expect(seen).toEqual([
      { text: 'one', deleted: false },
      { text: 'one', deleted: true },
    ])
  })

  it('ends with the signal', async () => {
    const { shown } = await deferred()
    const giveUp = new AbortController()
    const waiting = shown.reply(() => false, { signal: giveUp.signal })
    giveUp.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})
