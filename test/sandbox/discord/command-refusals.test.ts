import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { BareBot } from './bare-bot.ts'

const text = (name: string, fields: object = {}) => ({ type: 3, name, description: 'x', ...fields })
const subcommand = (name: string, ...options: object[]) => ({ type: 1, name, description: 'x', options })
const group = (name: string, ...options: object[]) => ({ type: 2, name, description: 'x', options })
const command = (fields: object = {}) => ({ name: 'film', description: 'x', ...fields })
const choice = (fields: object) => command({ options: [text('size', { choices: [{ name: 'Large', value: 'l', ...fields }] })] })
const choices = (second: object) => command({ options: [text('size', { choices: [{ name: 'Large', value: 'l' }, second] })] })

let discord: LocalDiscord
let bot: BareBot

beforeAll(async () => {
  discord = await startLocalDiscord()
  bot = await BareBot.connect(discord)
})

afterAll(async () => {
  expect(discord.responseProblems).toEqual([])
  bot.close()
  await discord.close()
})

const put = (one: object) => bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: [one] })

describe('registering a command', () => {
  it.each<[string, object, object, [path: string, code: string]]>([
    [
      'subcommands and groups, or options',
      command({ options: [subcommand('make', text('prompt')), group('settings', subcommand('budget'))] }),
      command({ options: [subcommand('make'), text('prompt')] }),
      ['0.options', 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID'],
    ],
    [
      'a known locale for a name',
      command({ name_localizations: { de: 'film', 'pt-BR': 'filme' } }),
      command({ name_localizations: { pt_BR: 'filme' } }),
      ['0.name_localizations.pt_BR', 'BASE_TYPE_CHOICES'],
    ],
    [
      'a known locale for a description',
      command({ description_localizations: { de: 'Ein Film' } }),
      command({ description_localizations: { xx: 'Ein Film' } }),
      ['0.description_localizations.xx', 'BASE_TYPE_CHOICES'],
    ],
    [
      'a known locale for an option',
      command({ options: [text('prompt', { description_localizations: { ja: '説明' } })] }),
      command({ options: [text('prompt', { description_localizations: { jp: '説明' } })] }),
      ['0.options.0.description_localizations.jp', 'BASE_TYPE_CHOICES'],
    ],
    [
      'a known locale for a choice',
      choice({ name_localizations: { de: 'Groß' } }),
      choice({ name_localizations: { german: 'Groß' } }),
      ['0.options.0.choices.0.name_localizations.german', 'BASE_TYPE_CHOICES'],
    ],
    [
      'a name for one choice only',
      choices({ name: 'Small', value: 's' }),
      choices({ name: 'Large', value: 's' }),
      ['0.options.0.choices.1.name', 'APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS'],
    ],
    [
      'a value for one choice only',
      choices({ name: 'Small', value: 's' }),
      choices({ name: 'Small', value: 'l' }),
      ['0.options.0.choices.1.value', 'APPLICATION_COMMAND_OPTIONS_CHOICE_VALUE_ALREADY_EXISTS'],
    ],
    [
      'a known locale for a context menu command',
      { type: 3, name: 'Animate This', name_localizations: { de: 'Das Bild bewegen' } },
      { type: 3, name: 'Animate This', name_localizations: { deutsch: 'Bewegen' } },
      ['0.name_localizations.deutsch', 'BASE_TYPE_CHOICES'],
    ],
    [
      'a lower-case name in every language',
      command({ name_localizations: { de: 'größe' } }),
      command({ name_localizations: { de: 'Größe' } }),
      ['0.name_localizations', 'APPLICATION_COMMAND_INVALID_NAME'],
    ],
    [
      'a name without blanks for an option in every language',
      command({ options: [text('prompt', { name_localizations: { de: 'beschreibung' } })] }),
      command({ options: [text('prompt', { name_localizations: { de: 'die beschreibung' } })] }),
      ['0.options.0.name_localizations.de', 'APPLICATION_COMMAND_INVALID_NAME'],
    ],
    [
      'a user installation for messages between people',
      command({ contexts: [0, 2], integration_types: [0, 1] }),
      command({ contexts: [0, 2], integration_types: [0] }),
      ['0.contexts.1', 'APPLICATION_COMMAND_CONTEXT_INVALID'],
    ],
    [
      'installation types when messages between people are a place',
      command({ contexts: [0, 1] }),
      command({ contexts: [2] }),
      ['0.contexts.0', 'APPLICATION_COMMAND_CONTEXT_INVALID'],
    ],
    [
      'unique option names in a subcommand',
      command({ options: [subcommand('make', text('a'), text('b'))] }),
      command({ options: [subcommand('make', text('a'), text('a'))] }),
      ['0.options.0.options.1.name', 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS'],
    ],
    [
      'required options first in a subcommand',
      command({ options: [subcommand('make', text('a', { required: true }), text('b'))] }),
      command({ options: [subcommand('make', text('a'), text('b', { required: true }))] }),
      ['0.options.0.options.1', 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID'],
    ],
  ])('requires %s', async (_name, good, bad, [path, code]) => {
    const accepted = await put(good)
    expect([accepted.status, accepted.body['errors']]).toEqual([200, undefined])
    const refused = await put(bad)
    expect([refused.status, refused.code]).toEqual([400, 50035])
    expect(refused.body).toHaveProperty(['errors', ...path.split('.'), '_errors', 0, 'code'], code)
  })
})
