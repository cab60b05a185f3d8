import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { ClientRefusal } from '../../../sandbox/discord/people/client-refusal.ts'
import type { OptionValues } from '../../../sandbox/discord/people/options.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'
import { imageOf, startBot } from './bot.ts'

const options = [
  { type: 3, name: 'prompt', description: 'x', required: true, min_length: 2, max_length: 10 },
  { type: 11, name: 'image', description: 'x', file_types: ['.png'] },
  { type: 4, name: 'duration', description: 'x', choices: [{ name: '5 s', value: 5 }] },
  { type: 10, name: 'guidance', description: 'x', min_value: 0, max_value: 1 },
  { type: 3, name: 'provider', description: 'x', autocomplete: true },
  { type: 4, name: 'seed', description: 'x', autocomplete: true },
]
const film = { name: 'film', description: 'A clip from words', options }
const image = { name: 'boat.png', bytes: imageOf(640, 360) }

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
  discord.clock.freeze()
  await bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: [film] })
})

/** A member types; resolves with the interaction that the bot receives and a promise of the suggestions shown. */
async function typing(values: OptionValues = {}, focused = 'provider', typed = 'fa') {
  const arriving = bot.next()
  const shown = discord.member.suggest('film', values, { focused, typed })
  // Many tests end without a response; the member's wait then ends with the test.
  shown.catch(() => undefined)
  return { asked: await arriving, shown }
}

const data = (payload: Record<string, unknown>) => payload['data'] as { options: object[]; resolved?: unknown }
const choices = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `n${index}`, value: `v${index}` }))

describe('autocomplete', () => {
  it('sends the options so far, in their order, and marks the one with the cursor', async () => {
    const { asked } = await typing({ guidance: 0.5, prompt: 'a boat' })
    expect(asked.payload).toMatchObject({
      type: 4,
      guild_id: discord.guild.id,
      channel: { id: discord.guild.channel.id },
      member: { user: { id: discord.member.id } },
      data: { name: 'film', type: 1 },
    })
    expect(data(asked.payload).options).toEqual([
      { name: 'prompt', type: 3, value: 'a boat' },
      { name: 'guidance', type: 10, value: 0.5 },
      { name: 'provider', type: 3, value: 'fa', focused: true },
    ])
  })

  it('allows missing options and unfinished texts', async () => {
    expect(data((await typing()).asked.payload).options).toEqual([{ name: 'provider', type: 3, value: 'fa', focused: true }])
    expect(data((await typing({ prompt: 'x' })).asked.payload).options[0]).toEqual({ name: 'prompt', type: 3, value: 'x' })
  })

  it('leaves invalid values out', async () => {
    const { asked } = await typing({ prompt: 'x'.repeat(11), duration: 7, guidance: 2, image: { ...image, name: 'boat.gif' } })
    expect(data(asked.payload).options).toHaveLength(1)
  })

  it('sends a picked file as an id that is not resolved', async () => {
    const { asked } = await typing({ image: image })
    expect(data(asked.payload).options[0]).toEqual({ name: 'image', type: 11, value: expect.stringMatching(/^\d{17,19}$/) as string })
    expect(data(asked.payload).resolved).toBeUndefined()
  })

  it.each(['', 'abc', '4.5'])('checks nothing of what is being typed: %j', async (typed) => {
    expect(data((await typing({}, 'seed', typed)).asked.payload).options).toEqual([{ name: 'seed', type: 4, value: typed, focused: true }])
  })

  it('sends the typed text, even for a number', async () => {
    const { asked, shown } = await typing({}, 'seed', '4')
    expect(data(asked.payload).options).toEqual([{ name: 'seed', type: 4, value: '4', focused: true }])
    await asked.callback({ type: 8, data: { choices: [{ name: 'Forty', value: 40 }] } })
    expect(await shown).toEqual([{ name: 'Forty', value: 40 }])
  })

  it('works in a subcommand', async () => {
    const deep = { name: 'make', description: 'x', options: [{ type: 1, name: 'film', description: 'x', options }] }
    await bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: [deep] })
    const arriving = bot.next()
    const shown = discord.member.suggest('make film', {}, { focused: 'provider' })
    const asked = await arriving
    expect(data(asked.payload).options).toEqual([
      { name: 'film', type: 1, options: [{ name: 'provider', type: 3, value: '', focused: true }] },
    ])
    await asked.callback({ type: 8, data: { choices: [] } })
    expect(await shown).toEqual([])
  })

  it.each([
    ['an option without autocomplete', 'film', 'prompt', {}],
    ['an unknown option', 'film', 'speed', {}],
    ['a value for an unknown option', 'film', 'provider', { speed: 2 }],
    ['an unknown command', 'animate', 'provider', {}],
  ])('is refused by the client for %s', async (_what, command, focused, values) => {
    await expect(discord.member.suggest(command, values, { focused })).rejects.toThrow(ClientRefusal)
  })

  it('does not restrict the text of the final command', async () => {
    const asked = await bot.received(await discord.member.run('film', { prompt: 'a boat', provider: 'no such choice' }))
    expect(data(asked.payload).options[1]).toEqual({ name: 'provider', type: 3, value: 'no such choice' })
  })
})

describe('the choices', () => {
  it.for<[rule: string, focused: string, good: unknown, bad: unknown, path: string]>([
    ['at most 25 choices', 'provider', choices(25), choices(26), 'choices'],
    ['a list', 'provider', [], 'none', 'choices'],
    ['a name', 'provider', choices(1), [{ value: 'v' }], 'choices.0.name'],
    ['a name with visible characters', 'provider', [{ name: 'n', value: 'v' }], [{ name: ' ', value: 'v' }], 'choices.0.name'],
    [
      'a name of 100 characters',
      'provider',
      [{ name: 'n'.repeat(100), value: 'v' }],
      [{ name: 'n'.repeat(101), value: 'v' }],
      'choices.0.name',
    ],
    [
      'a value of 100 characters',
      'provider',
      [{ name: 'n', value: 'v'.repeat(100) }],
      [...choices(1), { name: 'n', value: 'v'.repeat(101) }],
      'choices.1.value',
    ],
    ['a string for a string option', 'provider', [{ name: 'n', value: '5' }], [{ name: 'n', value: 5 }], 'choices.0.value'],
    ['an integer for an integer option', 'seed', [{ name: 'n', value: 5 }], [{ name: 'n', value: 5.5 }], 'choices.0.value'],
    ['a number for an integer option', 'seed', [{ name: 'n', value: 5 }], [{ name: 'n', value: '5' }], 'choices.0.value'],
    ['a value', 'provider', choices(1), [{ name: 'n' }], 'choices.0.value'],
    ['a name only once', 'provider', choices(2), [...choices(1), { name: 'n0', value: 'v1' }], 'choices.1.name'],
    ['a value only once', 'provider', choices(2), [...choices(1), { name: 'n1', value: 'v0' }], 'choices.1.value'],
    ['no empty entries', 'provider', choices(2), [...choices(1), null], 'choices.1'],
  ])('require %s', async ([, focused, good, bad, path]) => {
    const { asked, shown } = await typing({}, focused)
    const refused = await asked.callback({ type: 8, data: { choices: bad } })
    expect([refused.status, refused.code]).toEqual([400, 50035])
    expect(refused.body).toHaveProperty(['errors', 'data', ...path.split('.'), '_errors'])
    expect((await asked.callback({ type: 8, data: { choices: good } })).status).toBe(204)
    expect(await shown).toEqual(good)
  })

  it('are accepted after 3,000 ms', async () => {
    const { asked, shown } = await typing()
    discord.clock.advance(3000)
    expect((await asked.callback({ type: 8, data: { choices: choices(1) } })).status).toBe(204)
    expect(await shown).toEqual(choices(1))
  })

  it('are too late after 3,001 ms (10062), and the member sees an error', async () => {
    const { asked, shown } = await typing()
    discord.clock.advance(3001)
    expect(await asked.callback({ type: 8, data: { choices: choices(1) } })).toMatchObject({ status: 404, code: 10062 })
    await expect(shown).rejects.toThrow('loading the options failed')
  })

  it('are accepted once: 40060', async () => {
    const { asked, shown } = await typing()
    const answered = await asked.callback({ type: 8, data: { choices: [] } }, '?with_response=true')
    expect(answered.body).toMatchObject({ interaction: { id: asked.payload.id, type: 4 } })
    expect(await asked.callback({ type: 8, data: { choices: choices(1) } })).toMatchObject({ status: 400, code: 40060 })
    expect(await shown).toEqual([])
  })

  it('are the only response to autocomplete, and to nothing else', async () => {
    const { asked } = await typing()
    for (const type of [4, 5, 6]) {
      const refused = await asked.callback({ type, ...(type === 4 && { data: { content: 'x' } }) })
      expect(refused.body).toHaveProperty('errors.type._errors')
    }
    const command = await bot.received(await discord.member.run('film', { prompt: 'a boat' }))
    const refused = await command.callback({ type: 8, data: { choices: choices(1) } })
    expect(refused.body).toHaveProperty('errors.type._errors')
    expect((await command.callback({ type: 5 })).status).toBe(204)
  })

  it('leave no message that the token could reach', async () => {
    const { asked } = await typing()
    await asked.callback({ type: 8, data: { choices: [] } })
    expect((await bot.call('POST', asked.webhook, { json: { content: 'x' } })).code).toBe(10015)
    expect((await bot.call('GET', asked.original)).code).toBe(10015)
  })
})

describe('the control API', () => {
  const post = async (body: unknown) => {
    const response = await fetch(`${discord.origin}/sandbox/suggest`, {
      method: 'POST',
      ...(body instanceof FormData ? { body } : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }

  it('returns the choices', async () => {
    const arriving = bot.next()
    const answering = post({ command: 'film', options: { prompt: 'x' }, focused: 'provider', typed: 'fa' })
    const asked = await arriving
    expect(data(asked.payload).options).toMatchObject([{ value: 'x' }, { value: 'fa', focused: true }])
    await asked.callback({ type: 8, data: { choices: choices(2) } })
    expect(await answering).toEqual({ status: 200, answer: { choices: choices(2) } })
  })

  it('reports why there are none', async () => {
    expect(await post({ command: 'film', focused: 'prompt' })).toMatchObject({ status: 400, answer: { option: 'prompt' } })
    expect(await post({ command: 'film' })).toMatchObject({ status: 400 })
    const arriving = bot.next()
    const answering = post({ command: 'film', focused: 'provider' })
    const asked = await arriving
    discord.clock.advance(3001)
    await asked.callback({ type: 8, data: { choices: [] } })
    expect(await answering).toMatchObject({ status: 400, answer: { error: 'loading the options failed' } })
  })
})

it('a real discord.js client reads the typed text and responds', async () => {
  bot.close()
  await using client = await startBot(discord, async (interaction) => {
    if (!interaction.isAutocomplete()) return
    const { options: read } = interaction
    const name = [read.getFocused(true).name, read.getString('prompt'), read.getNumber('guidance'), read.get('image') !== null].join(' ')
    await interaction.respond([{ name, value: read.getFocused() }])
  })
  await client.client.application.commands.set([film])
  const values = { prompt: 'x', guidance: 0, image: image }
  expect(await discord.member.suggest('film', values, { focused: 'provider', typed: 'fa' })).toEqual([
    { name: 'provider x 0 true', value: 'fa' },
  ])
  expect(client.errors).toEqual([])
})
