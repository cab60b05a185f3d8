import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { ClientRefusal } from '../../../sandbox/discord/people/client-refusal.ts'
import type { OptionValues } from '../../../sandbox/discord/people/options.ts'
import { BareBot } from './bare-bot.ts'
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
  discord = await startLocalDiscord()
  discord.clock.freeze()
  bot = await BareBot.connect(discord)
  await bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: [film] })
})

afterEach(async () => {
  expect(discord.responseProblems).toEqual([])
  bot.close()
  await discord.close()
})

/** A member types; resolves with what the bot is asked, and the promise of what the member is shown. */
async function typing(values: OptionValues = {}, focused = 'provider', typed = 'fa') {
  const arriving = bot.next()
  const shown = discord.member.suggest('film', values, { focused, typed })
  // Many tests end without an answer; the member's wait then ends with the test.
  shown.catch(() => undefined)
  return { asked: await arriving, shown }
}

const data = (payload: Record<string, unknown>) => payload['data'] as { options: object[]; resolved?: unknown }
const choices = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `n${index}`, value: `v${index}` }))

describe('a member who is typing', () => {
  it('is told of with the options so far, in their order, and the one with the cursor', async () => {
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

  it('need not have filled in what is required, nor have finished a text', async () => {
    expect(data((await typing()).asked.payload).options).toEqual([{ name: 'provider', type: 3, value: 'fa', focused: true }])
    expect(data((await typing({ prompt: 'x' })).asked.payload).options[0]).toEqual({ name: 'prompt', type: 3, value: 'x' })
  })

  it('has what a client would not send left out', async () => {
    const { asked } = await typing({ prompt: 'x'.repeat(11), duration: 7, guidance: 2, image: { ...image, name: 'boat.gif' } })
    expect(data(asked.payload).options).toHaveLength(1)
  })

  it('has a picked file told by an id that resolves to nothing', async () => {
    const { asked } = await typing({ image: image })
    expect(data(asked.payload).options[0]).toEqual({ name: 'image', type: 11, value: expect.stringMatching(/^\d{17,19}$/) as string })
    expect(data(asked.payload).resolved).toBeUndefined()
  })

  it('types text, even for a number', async () => {
    const { asked, shown } = await typing({}, 'seed', '4')
    expect(data(asked.payload).options).toEqual([{ name: 'seed', type: 4, value: '4', focused: true }])
    await asked.callback({ type: 8, data: { choices: [{ name: 'Forty', value: 40 }] } })
    expect(await shown).toEqual([{ name: 'Forty', value: 40 }])
  })

  it('finds the option behind a subcommand', async () => {
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
    ['an option that the bot does not complete', 'film', 'prompt', {}],
    ['an option that is not there', 'film', 'speed', {}],
    ['a value for an option that is not there', 'film', 'provider', { speed: 2 }],
    ['a command that is not there', 'animate', 'provider', {}],
  ])('is refused by the client for %s', async (_what, command, focused, values) => {
    await expect(discord.member.suggest(command, values, { focused })).rejects.toThrow(ClientRefusal)
  })

  it('may send any text in the end', async () => {
    const asked = await bot.received(await discord.member.run('film', { prompt: 'a boat', provider: 'no such choice' }))
    expect(data(asked.payload).options[1]).toEqual({ name: 'provider', type: 3, value: 'no such choice' })
  })
})

describe('the choices', () => {
  it.each<[string, string, unknown, unknown, string]>([
    ['25 of them', 'provider', choices(25), choices(26), 'choices'],
    ['a list', 'provider', [], 'none', 'choices'],
    ['a name', 'provider', choices(1), [{ value: 'v' }], 'choices.0.name'],
    ['a name that is not blank', 'provider', [{ name: 'n', value: 'v' }], [{ name: ' ', value: 'v' }], 'choices.0.name'],
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
    ['a text for a text', 'provider', [{ name: 'n', value: '5' }], [{ name: 'n', value: 5 }], 'choices.0.value'],
    ['a whole number for a whole number', 'seed', [{ name: 'n', value: 5 }], [{ name: 'n', value: 5.5 }], 'choices.0.value'],
    ['a number for a number', 'seed', [{ name: 'n', value: 5 }], [{ name: 'n', value: '5' }], 'choices.0.value'],
    ['a value', 'provider', choices(1), [{ name: 'n' }], 'choices.0.value'],
    ['choices and no gaps', 'provider', choices(2), [...choices(1), null], 'choices.1'],
  ])('want %s', async (_name, focused, good, bad, path) => {
    const { asked, shown } = await typing({}, focused)
    const refused = await asked.callback({ type: 8, data: { choices: bad } })
    expect([refused.status, refused.code]).toEqual([400, 50035])
    expect(refused.body).toHaveProperty(['errors', 'data', ...path.split('.'), '_errors'])
    expect((await asked.callback({ type: 8, data: { choices: good } })).status).toBe(204)
    expect(await shown).toEqual(good)
  })

  it('are in time at 3,000 ms', async () => {
    const { asked, shown } = await typing()
    discord.clock.advance(3000)
    expect((await asked.callback({ type: 8, data: { choices: choices(1) } })).status).toBe(204)
    expect(await shown).toEqual(choices(1))
  })

  it('are too late at 3,001 ms: 10062, and the member sees that they did not come', async () => {
    const { asked, shown } = await typing()
    discord.clock.advance(3001)
    expect(await asked.callback({ type: 8, data: { choices: choices(1) } })).toMatchObject({ status: 404, code: 10062 })
    await expect(shown).rejects.toThrow('loading the options failed')
  })

  it('are taken once: 40060', async () => {
    const { asked, shown } = await typing()
    const answered = await asked.callback({ type: 8, data: { choices: [] } }, '?with_response=true')
    expect(answered.body).toMatchObject({ interaction: { id: asked.payload.id, type: 4 } })
    expect(await asked.callback({ type: 8, data: { choices: choices(1) } })).toMatchObject({ status: 400, code: 40060 })
    expect(await shown).toEqual([])
  })

  it('are the only answer to a half-typed command, and to nothing else', async () => {
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

  it('leave a token that reaches no message', async () => {
    const { asked } = await typing()
    await asked.callback({ type: 8, data: { choices: [] } })
    expect((await bot.call('POST', asked.webhook, { json: { content: 'x' } })).code).toBe(10015)
    expect((await bot.call('GET', asked.original)).code).toBe(10015)
  })
})

describe('the test API', () => {
  const post = async (body: unknown) => {
    const response = await fetch(`${discord.origin}/sandbox/suggest`, {
      method: 'POST',
      ...(body instanceof FormData ? { body } : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }

  it('asks for choices as a member', async () => {
    const arriving = bot.next()
    const answering = post({ command: 'film', options: { prompt: 'x' }, focused: 'provider', typed: 'fa' })
    const asked = await arriving
    expect(data(asked.payload).options).toMatchObject([{ value: 'x' }, { value: 'fa', focused: true }])
    await asked.callback({ type: 8, data: { choices: choices(2) } })
    expect(await answering).toEqual({ status: 200, answer: { choices: choices(2) } })
  })

  it('says why there are none', async () => {
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

it('a real discord.js client reads what is typed and is heard', async () => {
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
