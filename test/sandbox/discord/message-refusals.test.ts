import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'

const row = (component: object) => ({ content: 'x', components: [{ type: 1, components: [component] }] })
const link = (url: string) => row({ type: 2, style: 5, label: 'Open', url })
const premium = (fields: object = {}) => row({ type: 2, style: 6, sku_id: '1234567890123456789', ...fields })
const select = (...values: string[]) => row({ type: 3, custom_id: 's', options: values.map((value) => ({ label: 'x', value })) })
const embed = (fields: object) => ({ embeds: [{ description: 'x', ...fields }] })
const mentions = (allowed: object) => ({ content: 'x', allowed_mentions: allowed })
const ids = (count: number) => Array.from({ length: count }, (_, index) => String(100_000_000_000_000_000n + BigInt(index)))
/** Six times 1,000 characters, each in another place. */
const longEmbeds = (title: string) => ({
  embeds: [
    { title, description: 'x'.repeat(2000 - title.length), fields: [{ name: 'x'.repeat(200), value: 'x'.repeat(800) }] },
    { author: { name: 'x'.repeat(200) }, description: 'x'.repeat(800), footer: { text: 'x'.repeat(2000) } },
  ],
})

/** What is required, a message that has it, one that has not, and where the refusal is and its code. */
type Case = [name: string, good: object, bad: object, [path: string, code: string]]

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

const post = (json: object) => bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json })

describe('a message', () => {
  it.each<Case>([
    [
      'at most 6,000 characters in all embeds',
      longEmbeds('x'),
      { embeds: [...longEmbeds('x').embeds, { title: 'x' }] },
      ['embeds', 'MAX_EMBED_SIZE_EXCEEDED'],
    ],
    [
      'at most ten embeds',
      { embeds: Array.from({ length: 10 }, () => ({ title: 'x' })) },
      { embeds: Array.from({ length: 11 }, () => ({ title: 'x' })) },
      ['embeds', 'BASE_TYPE_BAD_LENGTH'],
    ],
    [
      'a name for each field of an embed',
      embed({ fields: [{ name: 'n', value: 'v' }] }),
      embed({ fields: [{ name: ' ', value: 'v' }] }),
      ['embeds.0.fields.0.name', 'BASE_TYPE_REQUIRED'],
    ],
    [
      'a value for each field of an embed',
      embed({ fields: [{ name: 'n', value: 'v' }] }),
      embed({ fields: [{ name: 'n', value: '' }] }),
      ['embeds.0.fields.0.value', 'BASE_TYPE_REQUIRED'],
    ],
    [
      'a web link of an embed',
      embed({ url: 'https://example.com/' }),
      embed({ url: 'javascript:alert(1)' }),
      ['embeds.0.url', 'URL_TYPE_INVALID_SCHEME'],
    ],
    [
      'a web link of the author',
      embed({ author: { name: 'x', url: 'http://example.com/' } }),
      embed({ author: { name: 'x', url: 'ftp://example.com/' } }),
      ['embeds.0.author.url', 'URL_TYPE_INVALID_SCHEME'],
    ],
    ...(
      [
        ['an image', (url: string) => ({ image: { url } }), 'image.url'],
        ['a thumbnail', (url: string) => ({ thumbnail: { url } }), 'thumbnail.url'],
        ["an author's icon", (url: string) => ({ author: { name: 'x', icon_url: url } }), 'author.icon_url'],
        ["a footer's icon", (url: string) => ({ footer: { text: 'x', icon_url: url } }), 'footer.icon_url'],
      ] as const
    ).map(([name, fields, path]): Case => [
      `a file or a web URL for ${name}`,
      embed(fields('attachment://boat.png')),
      embed(fields('ftp://example.com/boat.png')),
      [`embeds.0.${path}`, 'URL_TYPE_INVALID_SCHEME'],
    ]),
    [
      'a web link of a button',
      link('https://example.com/'),
      link('javascript:alert(1)'),
      ['components.0.components.0.url', 'URL_TYPE_INVALID_SCHEME'],
    ],
    [
      'a link of a button that is not a file transfer',
      link('discord://-/channels/@me'),
      link('ftp://example.com/'),
      ['components.0.components.0.url', 'URL_TYPE_INVALID_SCHEME'],
    ],
    ...Object.entries({ custom_id: 'go', label: 'Buy', url: 'https://example.com/', emoji: { name: '🎬' } }).map(([field, value]): Case => [
      `no ${field} of a premium button`,
      premium(),
      premium({ [field]: value }),
      [`components.0.components.0.${field}`, 'BUTTON_COMPONENT_PREMIUM'],
    ]),
    ['an SKU for a premium button', premium(), premium({ sku_id: undefined }), ['components.0.components.0.sku_id', 'BASE_TYPE_REQUIRED']],
    [
      'an SKU for nothing else',
      row({ type: 2, style: 1, label: 'Go', custom_id: 'go' }),
      row({ type: 2, style: 1, label: 'Go', custom_id: 'go', sku_id: '1234567890123456789' }),
      ['components.0.components.0.sku_id', 'BUTTON_COMPONENT_SKU_ID'],
    ],
    [
      'each value of a select menu once',
      select('a', 'b'),
      select('a', 'b', 'a'),
      ['components.0.components.0.options.2', 'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED'],
    ],
    [
      'either all users or some',
      mentions({ parse: ['users'], users: [] }),
      mentions({ parse: ['users'], users: ids(1) }),
      ['allowed_mentions', 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE'],
    ],
    [
      'either all roles or some',
      mentions({ parse: ['users'], roles: ids(1) }),
      mentions({ parse: ['users', 'roles'], roles: ids(1) }),
      ['allowed_mentions', 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE'],
    ],
    ['at most 100 users', mentions({ users: ids(100) }), mentions({ users: ids(101) }), ['allowed_mentions.users', 'BASE_TYPE_BAD_LENGTH']],
    ['at most 100 roles', mentions({ roles: ids(100) }), mentions({ roles: ids(101) }), ['allowed_mentions.roles', 'BASE_TYPE_BAD_LENGTH']],
  ])('requires %s', async (_name, good, bad, [path, code]) => {
    const accepted = await post(good)
    expect([accepted.status, accepted.body['errors']]).toEqual([200, undefined])
    const refused = await post(bad)
    expect([refused.status, refused.code]).toEqual([400, 50035])
    expect(refused.body).toHaveProperty(['errors', ...path.split('.'), '_errors', 0, 'code'], code)
  })

  it('is refused in the same way in a first reply, below data', async () => {
    const interaction = await bot.receive(discord.member)
    const refused = await interaction.callback({ type: 4, data: embed({ url: 'javascript:alert(1)' }) })
    expect(refused.body).toHaveProperty('errors.data.embeds.0.url._errors')
  })
})

describe('an embed', () => {
  it('shows a file of its message, which is then not listed', async () => {
    const { body } = await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, {
      json: embed({ title: 'Boat', image: { url: 'attachment://boat.txt' }, fields: [{ name: 'n', value: 'v' }] }),
      files: { 'files[0]': { name: 'boat.txt', bytes: Buffer.from('boat') } },
    })
    const [shown] = body['embeds'] as { image: { url: string } }[]
    expect(shown).toMatchObject({ type: 'rich', title: 'Boat', fields: [{ name: 'n', value: 'v', inline: false }] })
    expect(await (await fetch(shown?.image.url ?? '')).text()).toBe('boat')
    expect(body['attachments']).toEqual([])
  })
})

describe('a message without anything to see', () => {
  it.each([' ', '\n\t', '\u00a0 \u2003'])('is empty with the content %j: 50006', async (content) => {
    expect(await post({ content })).toMatchObject({ status: 400, code: 50006 })
    expect((await post({ content: `${content}x` })).status).toBe(200)
  })

  it('is an edit that takes the components of Components V2 away: 50006, and they stay', async () => {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 4, data: { flags: 32768, components: [{ type: 10, content: 'card' }] } })
    expect(await bot.call('PATCH', interaction.original, { json: { components: null } })).toMatchObject({ status: 400, code: 50006 })
    expect(interaction.shown.currentReply()?.text).toBe('card')
    expect((await bot.call('PATCH', interaction.original, { json: {} })).status).toBe(200)
  })
})
