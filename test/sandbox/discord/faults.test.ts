import { beforeEach, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

const post = (content: string) => bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json: { content } })
const contents = () => discord.guild.channel.messages().map(({ content }) => content)

describe('a fault', () => {
  it('applies to the next matching requests until its count is used up', async () => {
    discord.faults.failNext({ operation: 'create_message' }, { status: 503, body: { message: 'no', code: 0 } }, { times: 2 })
    expect((await bot.call('GET', '/users/@me')).status).toBe(200)
    expect([(await post('1')).status, (await post('2')).status, (await post('3')).status]).toEqual([503, 503, 200])
    expect(contents()).toEqual(['3'])
  })

  it('matches by method, path and body', async () => {
    const second = (content: string) => ({
      method: 'POST',
      path: /\/messages$/,
      when: ({ body }: { body: unknown }) => (body as { content: string }).content === content,
    })
    discord.faults.failNext(second('two'), { status: 500 })
    expect([(await post('one')).status, (await post('two')).status]).toEqual([200, 500])
  })

  it('breaks the socket before or after the request has its effect', async () => {
    discord.faults.failNext({ operation: 'create_message' }, 'reset')
    await expect(post('before')).rejects.toThrow()
    expect(contents()).toEqual([])
    discord.faults.failNext({ operation: 'create_message' }, 'reset', { moment: 'after' })
    await expect(post('after')).rejects.toThrow()
    expect(contents()).toEqual(['after'])
    expect(discord.requests.filter(({ operation }) => operation === 'create_message').map(({ status }) => status)).toEqual([0, 0])
  })

  it('answers 429 as Discord does', async () => {
    discord.faults.rateLimitNext({ operation: 'create_message' }, 1.5)
    const limited = await post('x')
    expect([limited.status, limited.headers.get('retry-after'), limited.body['retry_after']]).toEqual([429, '2', 1.5])
  })

  it('refuses edits of old messages with a 429 that names no time to wait', async () => {
    discord.faults.refuseOldEditsNext({ method: 'PATCH' })
    const { id } = (await post('old')).body
    const refused = await bot.call('PATCH', `/channels/${discord.guild.channel.id}/messages/${String(id)}`, { json: { content: 'new' } })
    expect([refused.status, refused.headers.get('retry-after'), refused.body['code']]).toEqual([429, null, 30046])
    expect(contents()).toEqual(['old'])
  })

  it('holds requests until they are released', async () => {
    const hold = discord.faults.hold({ operation: 'create_message' })
    const waiting = post('late')
    expect((await hold.arrived).body).toEqual({ content: 'late' })
    await bot.call('GET', '/users/@me')
    expect(contents()).toEqual([])
    hold.release()
    expect((await waiting).status).toBe(200)
    expect((await post('free')).status).toBe(200)
  })

  it('delays a request; clearing the faults releases it', async () => {
    const order: string[] = []
    discord.faults.delayNext({ operation: 'create_message' }, 200)
    const slow = post('slow').then(() => order.push('slow'))
    await bot.call('GET', '/users/@me').then(() => order.push('quick'))
    await slow
    expect(order).toEqual(['quick', 'slow'])
    discord.faults.delayNext({ operation: 'create_message' }, 3_600_000)
    const stuck = post('stuck')
    await bot.call('GET', '/users/@me')
    discord.faults.clear()
    expect((await stuck).status).toBe(200)
  })
})

describe('the request log', () => {
  it('has bodies, files and statuses, but no tokens', async () => {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 5 })
    await bot.call('PATCH', interaction.original, {
      json: { attachments: [{ id: '0' }] },
      files: { 'files[0]': { name: 'a.txt', bytes: Buffer.from('abc') } },
      token: undefined,
    })
    const record = await discord.request({ operation: 'update_original_webhook_message' })
    expect(record).toMatchObject({
      method: 'PATCH',
      path: `/webhooks/${discord.applicationId}/{token}/messages/@original`,
      body: { attachments: [{ id: '0' }] },
      files: [{ field: 'files[0]', name: 'a.txt', size: 3 }],
      authorization: 'none',
      status: 200,
    })
    expect(JSON.stringify(discord.requests)).not.toContain(interaction.payload.token)
  })

  it('lets a test wait for a request', async () => {
    const awaited = discord.request({ operation: 'create_message' })
    await post('x')
    expect((await awaited).body).toEqual({ content: 'x' })
  })
})

describe('rate limits', () => {
  it('count down in the headers and end in 429, separately for each channel', async () => {
    await using strict = await startLocalDiscord({ rateLimit: { limit: 2, windowMs: 60_000 } })
    const other = strict.guild.createChannel()
    const send = (channel: string) =>
      fetch(`${strict.apiUrl}/v10/channels/${channel}/messages/1`, {
        method: 'DELETE',
        headers: { authorization: `Bot ${strict.botToken}` },
      })
    const answers = [
      await send(strict.guild.channel.id),
      await send(strict.guild.channel.id),
      await send(strict.guild.channel.id),
      await send(other.id),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 429, 404])
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['1', '0', '0', '1'])
    expect(Number(answers[2]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(strict.responseProblems).toEqual([])
  })
})
