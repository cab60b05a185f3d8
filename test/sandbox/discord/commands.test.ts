import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { BareBot } from './bare-bot.ts'

const option = (fields: object = {}) => ({ type: 3, name: 'prompt', description: 'What happens', ...fields })
const command = (fields: object = {}) => ({ name: 'film', description: 'A clip from words', ...fields })
const filler = (count: number) =>
  Array.from({ length: count }, (_, index) => option({ name: `o${index}`, description: 'x'.repeat(100), choices: choices(4) }))
const choices = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `${'x'.repeat(39)}${index}`, value: `${'y'.repeat(39)}${index}` }))

let discord: LocalDiscord
let bot: BareBot

beforeAll(async () => {
  discord = await startLocalDiscord({ rateLimit: { limit: 1000, windowMs: 1000 } })
  bot = await BareBot.connect(discord)
})

afterAll(async () => {
  expect(discord.responseProblems).toEqual([])
  bot.close()
  await discord.close()
})

const put = (...commands: object[]) => bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: commands })

describe('registering commands', () => {
  it.each<[string, object[], object[], string]>([
    ['a lower-case name', [command({ name: 'größe-2' })], [command({ name: 'Film' })], '0.name'],
    ['a name without blanks', [command({ name: 'make_film' })], [command({ name: 'make film' })], '0.name'],
    ['a name of 32 characters', [command({ name: 'x'.repeat(32) })], [command({ name: 'x'.repeat(33) })], '0.name'],
    ['a description', [command()], [command({ description: '' })], '0.description'],
    [
      'a description of 100 characters',
      [command({ description: 'x'.repeat(100) })],
      [command({ description: 'x'.repeat(101) })],
      '0.description',
    ],
    ['unique names', [command(), command({ name: 'other' })], [command(), command()], '1.name'],
    [
      'unique option names',
      [command({ options: [option(), option({ name: 'other' })] })],
      [command({ options: [option(), option()] })],
      '0.options.1.name',
    ],
    ['25 options', [command({ options: numbered(25) })], [command({ options: numbered(26) })], '0.options'],
    [
      'required options first',
      [command({ options: [option({ required: true }), option({ name: 'other' })] })],
      [command({ options: [option(), option({ name: 'other', required: true })] })],
      '0.options.1',
    ],
    [
      'either choices or autocomplete',
      [command({ options: [option({ autocomplete: true })] })],
      [command({ options: [option({ autocomplete: true, choices: choices(1) })] })],
      '0.options.0.choices',
    ],
    [
      'autocomplete for strings and numbers only',
      [command({ options: [option({ type: 4, autocomplete: true })] })],
      [command({ options: [option({ type: 11, autocomplete: true })] })],
      '0.options.0.autocomplete',
    ],
    ['a known option type', [command({ options: [option()] })], [command({ options: [option({ type: 99 })] })], '0.options.0.type'],
    [
      'a minimum below the maximum',
      [command({ options: [option({ min_length: 2, max_length: 2 })] })],
      [command({ options: [option({ min_length: 3, max_length: 2 })] })],
      '0.options.0.min_length',
    ],
    [
      'valid file types',
      [command({ options: [option({ type: 11, file_types: ['image', '.png'] })] })],
      [command({ options: [option({ type: 11, file_types: ['png'] })] })],
      '0.options.0.file_types.0',
    ],
    [
      'no description on a context menu command',
      [{ type: 3, name: 'Animate This' }],
      [{ type: 3, name: 'Animate This', description: 'x' }],
      '0.description',
    ],
    [
      'permissions as a numeric string',
      [command({ default_member_permissions: '32' })],
      [command({ default_member_permissions: 'all' })],
      '0.default_member_permissions',
    ],
    ['at most 8,000 characters in a command', [command({ options: filler(15) })], [command({ options: filler(25) })], '0'],
  ])('requires %s', async (_name, good, bad, path) => {
    const accepted = await put(...good)
    expect(accepted.body['errors']).toBeUndefined()
    expect(accepted.status).toBe(200)
    const refused = await put(...bad)
    expect([refused.status, refused.code]).toEqual([400, 50035])
    expect(refused.body).toHaveProperty(['errors', ...path.split('.'), '_errors'])
  })

  it('accepts a list of at most 100 commands', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => command({ name: `c${index}` }))
    expect((await put(...many(100))).status).toBe(200)
    expect((await put(...many(101))).code).toBe(50035)
    expect((await bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: command() })).code).toBe(50035)
  })

  it('replaces all commands; a command that stays keeps its id', async () => {
    const first = (await put(command(), command({ name: 'old' }))).body as unknown as { id: string; name: string }[]
    const second = (await put(command({ default_member_permissions: '0' }))).body as unknown as {
      id: string
      default_member_permissions: string
    }[]
    expect(second).toMatchObject([
      { id: first[0]?.id, name: 'film', type: 1, default_member_permissions: '0', application_id: discord.applicationId },
    ])
    expect((await bot.call('GET', `/applications/${discord.applicationId}/commands`)).body).toHaveLength(1)
  })

  it('lets the commands of a guild take precedence there', async () => {
    await put(command({ description: 'everywhere' }))
    const path = `/applications/${discord.applicationId}/guilds/${discord.guild.id}/commands`
    expect((await bot.call('PUT', path, { json: [command({ description: 'here' })] })).status).toBe(200)
    const [here, elsewhere] = [discord.member, discord.createGuild().createMember({ name: 'Bob' })]
    const commandId = async (member: typeof here) => ((await bot.received(await member.run('film'))).payload['data'] as { id: string }).id
    expect(await commandId(here)).not.toBe(await commandId(elsewhere))
    await bot.call('PUT', path, { json: [] })
    expect(await commandId(here)).toBe(await commandId(elsewhere))
  })

  it('fails for another application and for an unknown guild', async () => {
    expect((await bot.call('GET', '/applications/123456789012345678/commands')).code).toBe(10002)
    expect((await bot.call('GET', `/applications/${discord.applicationId}/guilds/123456789012345678/commands`)).code).toBe(50001)
  })
})

function numbered(count: number): object[] {
  return Array.from({ length: count }, (_, index) => option({ name: `o${index}` }))
}
