import { describe, expect, it } from 'vitest'

import { discordRateLimits, type RateLimitRules } from '../../../sandbox/discord/http/rate-limit-rules.ts'
import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { type ApiReply, type BareBot, startDiscordWithBot } from './bare-bot.ts'

const hour = 3_600_000
/** Discord's limits, but no window ends during a test, however slow the machine is. */
const longWindows: RateLimitRules = {
  ...discordRateLimits,
  buckets: Object.fromEntries(
    Object.entries(discordRateLimits.buckets).map(([bucket, rate]) => [bucket, rate && { ...rate, windowMs: hour }]),
  ),
  global: { limit: 50, windowMs: hour },
}

const statuses = async (times: number, send: (index: number) => Promise<ApiReply>) => {
  const seen: number[] = []
  for (let index = 0; index < times; index += 1) seen.push((await send(index)).status)
  return seen
}
const allowed = (count: number, status: number) => [...Array.from({ length: count }, () => status), 429]

async function limited(rateLimit: RateLimitRules = longWindows) {
  const { discord, bot } = await startDiscordWithBot({ rateLimit })
  const path = `/channels/${discord.guild.channel.id}/messages`
  const post = () => bot.call('POST', path, { json: { content: 'x' } })
  return { discord, bot, path, post }
}

/** A deferred reply. Its edits need no bot token, and do not count globally even with one. */
async function deferred(bot: BareBot, member: Parameters<BareBot['receive']>[0]) {
  const interaction = await bot.receive(member)
  await interaction.callback({ type: 5 })
  const edit = (route = interaction.original) => bot.call('PATCH', route, { json: { content: 'x' } })
  return { interaction, edit }
}

it("Discord's limits are those of a local Discord unless a test chooses others", async () => {
  await using discord = await startLocalDiscord()
  const answer = await fetch(`${discord.apiUrl}/v10/channels/${discord.guild.channel.id}/messages`, {
    method: 'POST',
    headers: { authorization: `Bot ${discord.botToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ content: 'x' }),
  })
  expect([answer.status, answer.headers.get('x-ratelimit-limit')]).toEqual([200, '5'])
})

describe('a channel takes with the bot token', () => {
  it('five new messages in five seconds', async () => {
    const { discord, bot, post } = await limited()
    expect(await statuses(6, post)).toEqual(allowed(5, 200))
    const other = discord.guild.createChannel()
    expect((await bot.call('POST', `/channels/${other.id}/messages`, { json: { content: 'x' } })).status).toBe(200)
    expect(discordRateLimits.buckets['create_message']).toEqual({ limit: 5, windowMs: 5000 })
  })

  it('five edits in five seconds, of all its messages together', async () => {
    const { bot, path, post } = await limited()
    const ids = [(await post()).body['id'], (await post()).body['id']] as string[]
    const edit = (index: number) => bot.call('PATCH', `${path}/${ids[index % 2]}`, { json: { content: String(index) } })
    expect(await statuses(6, edit)).toEqual(allowed(5, 200))
    expect(discordRateLimits.buckets['update_message']).toEqual({ limit: 5, windowMs: 5000 })
  })
})

describe('an interaction takes by its token', () => {
  it('five edits in five seconds, whether the message is called @original or by its id', async () => {
    const { discord, bot } = await limited()
    const { interaction, edit } = await deferred(bot, discord.member)
    const byId = `${interaction.webhook}/messages/${interaction.shown.currentReply()?.id ?? ''}`
    expect(await statuses(6, (index) => edit(index % 2 ? byId : interaction.original))).toEqual(allowed(5, 200))
    expect((await (await deferred(bot, discord.member)).edit()).status).toBe(200)
  })

  it('five follow-ups in five seconds', async () => {
    const { discord, bot } = await limited()
    const { interaction } = await deferred(bot, discord.member)
    const followUp = () => bot.call('POST', interaction.webhook, { json: { content: 'x' }, token: undefined })
    expect(await statuses(6, followUp)).toEqual(allowed(5, 200))
  })
})

describe('the global limit', () => {
  it('is 50 requests with the bot token in a second, whatever they are; interactions do not count', async () => {
    const { discord, bot, post } = await limited()
    // Registering the commands was the first.
    expect(await statuses(50, () => bot.call('GET', '/users/@me'))).toEqual(allowed(49, 200))
    const refused = await post()
    expect([refused.status, refused.body['global'], refused.headers.get('x-ratelimit-global')]).toEqual([429, true, 'true'])
    expect([refused.headers.get('x-ratelimit-scope'), refused.headers.get('x-ratelimit-bucket')]).toEqual(['global', null])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const { edit } = await deferred(bot, discord.member)
    expect((await edit()).status).toBe(200)
    expect(discordRateLimits.global).toEqual({ limit: 50, windowMs: 1000 })
  })

  it('is not used up by the calls of interactions', async () => {
    const { discord, bot } = await limited({ ...longWindows, global: { limit: 2, windowMs: hour } })
    const { edit } = await deferred(bot, discord.member)
    expect(await statuses(3, () => edit())).toEqual([200, 200, 200])
    expect(await statuses(2, () => bot.call('GET', '/users/@me'))).toEqual([200, 429])
  })
})

describe('the headers', () => {
  it('count down, name the bucket and tell whose limit it was', async () => {
    const { post } = await limited(discordRateLimits)
    const first = await post()
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['5', '4'])
    expect([first.headers.get('x-ratelimit-reset-after'), first.headers.get('x-ratelimit-scope')]).toEqual(['5.000', null])
    const strict = await limited()
    await statuses(5, strict.post)
    const refused = await strict.post()
    expect([refused.status, refused.body['global'], refused.headers.get('x-ratelimit-scope')]).toEqual([429, false, 'user'])
    expect(refused.headers.get('x-ratelimit-bucket')).toBe(first.headers.get('x-ratelimit-bucket'))
    expect(refused.headers.get('x-ratelimit-global')).toBeNull()
  })

  it.each([
    ['shared', null, false],
    ['global', 'true', true],
    ['user', null, false],
  ] as const)('of a fault can say that the limit was %s', async (scope, globalHeader, global) => {
    const { discord, post } = await limited()
    discord.faults.rateLimitNext({ operation: 'create_message' }, 2, 1, scope)
    const refused = await post()
    expect(refused).toMatchObject({ status: 429, body: { retry_after: 2, global } })
    expect([refused.headers.get('x-ratelimit-scope'), refused.headers.get('x-ratelimit-global')]).toEqual([scope, globalHeader])
    expect((await post()).status).toBe(200)
  })
})

describe('invalid requests', () => {
  it('are counted: 401, 403 and 429, unless the limit was shared; other refusals are not', async () => {
    const { discord, bot, path, post } = await limited()
    const count = async (send: () => Promise<ApiReply>) => {
      const before = discord.invalidRequests
      const { status } = await send()
      return [status, discord.invalidRequests - before]
    }
    expect(await count(() => bot.call('GET', '/users/@me', { token: 'wrong' }))).toEqual([401, 1])
    expect(await count(() => bot.call('GET', `${path}/1`))).toEqual([404, 0])
    expect(await count(() => bot.call('POST', path, { json: {} }))).toEqual([400, 0])
    expect(await count(post)).toEqual([200, 0])
    discord.guild.setBotPermissions([])
    expect(await count(post)).toEqual([403, 1])
    discord.faults.rateLimitNext({ method: 'GET' }, 1, 1, 'shared')
    expect(await count(() => bot.call('GET', path))).toEqual([429, 0])
    discord.faults.rateLimitNext({ method: 'GET' }, 1)
    expect(await count(() => bot.call('GET', path))).toEqual([429, 1])
  })
})

describe('edits of messages older than an hour', () => {
  it('have a slower limit in each channel: 429 with 30046 and no time to wait', async () => {
    const { discord, bot, path, post } = await limited({ ...longWindows, buckets: {}, oldEdits: { limit: 2, windowMs: 20_000 } })
    discord.clock.freeze()
    const id = (await post()).body['id'] as string
    const edit = () => bot.call('PATCH', `${path}/${id}`, { json: { content: 'new' } })
    discord.clock.advance(hour)
    expect(await statuses(3, edit)).toEqual([200, 200, 200])
    discord.clock.advance(1)
    expect(await statuses(2, edit)).toEqual([200, 200])
    const refused = await edit()
    expect(refused).toMatchObject({ status: 429, code: 30046, body: { message: expect.stringContaining('older than 1 hour') as string } })
    expect([refused.headers.get('retry-after'), refused.body['retry_after']]).toEqual([null, undefined])
    const fresh = (await post()).body['id'] as string
    expect((await bot.call('PATCH', `${path}/${fresh}`, { json: { content: 'new' } })).status).toBe(200)
    discord.clock.advance(20_000)
    expect((await edit()).status).toBe(200)
  })

  it('are limited by an interaction that presses a button on such a message, too', async () => {
    const { discord, bot } = await limited({ ...longWindows, oldEdits: { limit: 1, windowMs: 20_000 } })
    discord.clock.freeze()
    const first = await bot.receive(discord.member)
    const components = [{ type: 1, components: [{ type: 2, style: 1, label: 'Go', custom_id: 'go' }] }]
    await first.callback({ type: 4, data: { content: 'x', components } })
    discord.clock.advance(2 * hour)
    const pressed = await bot.received(await discord.member.press({ id: first.shown.currentReply()?.id ?? '' }, 'Go'))
    await pressed.callback({ type: 6 })
    const edit = () => bot.call('PATCH', pressed.original, { json: { content: 'y' } })
    expect([(await edit()).status, (await edit()).code]).toEqual([200, 30046])
  })
})
