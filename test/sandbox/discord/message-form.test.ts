import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { BareBot } from './bare-bot.ts'

const componentsV2 = 32768
const text = (content: string) => ({ type: 10, content })
const button = (fields: object = {}) => ({ type: 2, style: 1, label: 'Go', custom_id: 'go', ...fields })
const row = (...components: object[]) => ({ type: 1, components })
const container = (...components: object[]) => ({ type: 17, components })
const gallery = (...urls: string[]) => ({ type: 12, items: urls.map((url) => ({ media: { url } })) })
const cards = (...components: object[]) => ({ flags: componentsV2, components })
const clip = { 'files[0]': { name: 'clip.mp4', bytes: Buffer.from('mp4') } }

/** 39 texts in a container make 40 components. */
const texts = (count: number) => container(...Array.from({ length: count }, (_, index) => text(String(index))))

interface Case {
  name: string
  good: object
  bad: object
  /** The path of the refusal. */
  path: string
  files?: typeof clip
}

const cases: Case[] = [
  { name: '40 components including nested ones', good: cards(texts(39)), bad: cards(texts(40)), path: 'components' },
  {
    name: '4,000 characters in one text',
    good: cards(text('x'.repeat(4000))),
    bad: cards(text('x'.repeat(4001))),
    path: 'components.0.content',
  },
  {
    name: '4,000 characters in all texts',
    good: cards(text('x'.repeat(2000)), container(text('x'.repeat(2000)))),
    bad: cards(text('x'.repeat(2000)), container(text('x'.repeat(2001)))),
    path: 'components',
  },
  { name: '2,000 characters of content', good: { content: 'x'.repeat(2000) }, bad: { content: 'x'.repeat(2001) }, path: 'content' },
  {
    name: 'unique custom ids',
    good: cards(row(button(), button({ custom_id: 'other' }))),
    bad: cards(row(button(), button())),
    path: 'components.0.components.1.custom_id',
  },
  {
    name: 'a custom id',
    good: cards(row(button())),
    bad: cards(row(button({ custom_id: undefined }))),
    path: 'components.0.components.0.custom_id',
  },
  {
    name: 'a custom id of 100 characters',
    good: cards(row(button({ custom_id: 'x'.repeat(100) }))),
    bad: cards(row(button({ custom_id: 'x'.repeat(101) }))),
    path: 'components.0.components.0.custom_id',
  },
  {
    name: 'a label of 80 characters',
    good: cards(container(row(button({ label: 'x'.repeat(80) })))),
    bad: cards(container(row(button({ label: 'x'.repeat(81) })))),
    path: 'components.0.components.0.components.0.label',
  },
  {
    name: 'a label or an emoji',
    good: cards(row(button({ label: undefined, emoji: { name: '🎬' } }))),
    bad: cards(row(button({ label: undefined }))),
    path: 'components.0.components.0.label',
  },
  {
    name: 'a link without a custom id',
    good: cards(row({ type: 2, style: 5, label: 'Open', url: 'https://example.com/' })),
    bad: cards(row({ type: 2, style: 5, label: 'Open', url: 'https://example.com/', custom_id: 'go' })),
    path: 'components.0.components.0.custom_id',
  },
  { name: 'five buttons in a row', good: cards(row(...numbered(5))), bad: cards(row(...numbered(6))), path: 'components.0.components' },
  {
    name: 'a known style',
    good: cards(row(button({ style: 4 }))),
    bad: cards(row(button({ style: 9 }))),
    path: 'components.0.components.0.style',
  },
  { name: 'a known component', good: cards(text('x')), bad: cards({ type: 99 }), path: 'components.0.type' },
  {
    name: 'components allowed in their parent',
    good: cards(container(text('x'))),
    bad: cards(container(container(text('x')))),
    path: 'components.0.components.0.type',
  },
  { name: 'a container with content', good: cards(container(text('x'))), bad: cards(container()), path: 'components.0.components' },
  {
    name: 'the flag for Components V2',
    good: cards(text('x')),
    bad: { content: 'x', components: [text('x')] },
    path: 'components.0.type',
  },
  { name: 'no content with Components V2', good: cards(text('x')), bad: { ...cards(text('x')), content: 'x' }, path: 'content' },
  {
    name: 'no embeds with Components V2',
    good: { ...cards(text('x')), embeds: [] },
    bad: { ...cards(text('x')), embeds: [{ description: 'x' }] },
    path: 'embeds',
  },
  {
    name: 'a file behind attachment://',
    good: { ...cards(gallery('attachment://clip.mp4')), attachments: [{ id: '0' }] },
    bad: { ...cards(container(gallery('attachment://other.mp4'))), attachments: [{ id: '0' }] },
    path: 'components.0.components.0.items.0.media.url',
    files: clip,
  },
  {
    name: 'an attachment in a File component',
    good: { ...cards({ type: 13, file: { url: 'attachment://clip.mp4' } }), attachments: [{ id: '0' }] },
    bad: { ...cards({ type: 13, file: { url: 'https://example.com/clip.mp4' } }), attachments: [{ id: '0' }] },
    path: 'components.0.file.url',
    files: clip,
  },
  {
    name: 'a file behind an attachment id',
    good: { content: 'x', attachments: [{ id: '0' }] },
    bad: { content: 'x', attachments: [{ id: '0' }, { id: '1' }] },
    path: 'attachments.1.id',
    files: clip,
  },
  { name: 'ten gallery items', good: cards(gallery(...links(10))), bad: cards(gallery(...links(11))), path: 'components.0.items' },
  {
    name: 'a web URL for media',
    good: cards(gallery('https://example.com/a.png')),
    bad: cards(gallery('ftp://example.com/a.png')),
    path: 'components.0.items.0.media.url',
  },
  {
    name: 'unique component ids',
    good: cards({ ...text('x'), id: 7 }, { ...text('x'), id: 8 }),
    bad: cards({ ...text('x'), id: 7 }, { ...text('x'), id: 7 }),
    path: 'components.1.id',
  },
]

function numbered(count: number): object[] {
  return Array.from({ length: count }, (_, index) => button({ custom_id: String(index) }))
}

function links(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `https://example.com/${index}.png`)
}

let discord: LocalDiscord
let bot: BareBot

beforeAll(async () => {
  discord = await startLocalDiscord({ rateLimit: { limit: 10_000, windowMs: 1000 } })
  bot = await BareBot.connect(discord)
})

afterAll(async () => {
  expect(discord.responseProblems).toEqual([])
  bot.close()
  await discord.close()
})

/** Every way to write a message. */
const routes = {
  'an edit by token': async (json: object, files?: typeof clip) => {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 5 })
    return bot.call('PATCH', interaction.original, { json, files })
  },
  'a follow-up': async (json: object, files?: typeof clip) => {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 4, data: { content: 'first' } })
    return bot.call('POST', interaction.webhook, { json, files })
  },
  'a first reply': async (json: object, files?: typeof clip) => {
    const interaction = await bot.receive(discord.member)
    const path = `/interactions/${interaction.payload.id}/${interaction.payload.token}/callback?with_response=true`
    return bot.call('POST', path, { json: { type: 4, data: json }, files })
  },
  'a new message': (json: object, files?: typeof clip) =>
    bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json, files }),
  'an edit by the bot': async (json: object, files?: typeof clip) => {
    const path = `/channels/${discord.guild.channel.id}/messages`
    const first = files
      ? { json: { attachments: [{ id: '0' }] }, files: { 'files[0]': { name: 'first.txt', bytes: Buffer.from('x') } } }
      : undefined
    const created = await bot.call('POST', path, first ?? { json: cards(text('first')) })
    const legacy = 'content' in json && !('flags' in json)
    const target = legacy && !first ? await bot.call('POST', path, { json: { content: 'first' } }) : created
    return bot.call('PATCH', `${path}/${target.body['id'] as string}`, { json, files })
  },
}

describe.each(Object.entries(routes))('%s', (route, send) => {
  it.each(cases)('requires $name', async ({ good, bad, path, files }) => {
    const accepted = await send(good, files)
    expect(accepted.body['errors']).toBeUndefined()
    expect(accepted.status).toBe(200)
    const refused = await send(bad, files)
    expect([refused.status, refused.code]).toEqual([400, 50035])
    expect(refused.body).toHaveProperty(['errors', ...(route === 'a first reply' ? ['data'] : []), ...path.split('.'), '_errors'])
  })
})

describe('too much text for Discord to store', () => {
  it('is more than 10,158 bytes in one text: 500', async () => {
    // Three bytes each in UTF-8, so 3,386 of them are 10,158 bytes.
    const send = (content: string) => routes['a new message'](cards(text(content)))
    expect((await send('あ'.repeat(3386))).status).toBe(200)
    expect((await send(`${'あ'.repeat(3386)}x`)).status).toBe(500)
  })
})

describe('Components V2', () => {
  it('can be switched on by an edit, but not off', async () => {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 5 })
    await bot.call('PATCH', interaction.original, { json: cards(text('on')) })
    expect(interaction.shown.currentReply()?.flags).toBe(componentsV2)
    expect((await bot.call('PATCH', interaction.original, { json: { flags: 0, components: [text('still')] } })).status).toBe(200)
    expect(interaction.shown.currentReply()).toMatchObject({ flags: componentsV2, text: 'still' })
    expect((await bot.call('PATCH', interaction.original, { json: { content: 'off' } })).code).toBe(50035)
  })

  it('requires an edit to remove the former content', async () => {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 4, data: { content: 'words' } })
    expect((await bot.call('PATCH', interaction.original, { json: cards(text('x')) })).body).toHaveProperty('errors.content._errors')
    expect((await bot.call('PATCH', interaction.original, { json: { ...cards(text('x')), content: null } })).status).toBe(200)
  })
})
