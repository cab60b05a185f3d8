import { beforeEach, describe, expect, it } from 'vitest'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { Member } from '../../../sandbox/discord/people/member.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'

const minutes = 60_000

let discord: LocalDiscord
let bot: BareBot
let alice: Member

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot({ uploadLimitBytes: 1000 }))
  discord.clock.freeze()
  alice = discord.guild.createMember({ name: 'Alice' })
})

const outcome = ({ status, code }: { status: number; code: number | undefined }) => ({ status, code })
const deferred = async () => {
  const interaction = await bot.receive(alice)
  await interaction.callback({ type: 5 })
  return interaction
}

describe('an acknowledgement', () => {
  it('is accepted after 3,000 ms', async () => {
    const interaction = await bot.receive(alice)
    discord.clock.advance(3000)
    expect((await interaction.callback({ type: 5 })).status).toBe(204)
    expect(await interaction.shown.acknowledged()).toBe(5)
  })

  it('is too late after 3,001 ms: 10062', async () => {
    const interaction = await bot.receive(alice)
    discord.clock.advance(3001)
    expect(outcome(await interaction.callback({ type: 5 }))).toEqual({ status: 404, code: 10062 })
  })

  it('is refused the second time (40060) and changes nothing', async () => {
    const interaction = await deferred()
    expect(outcome(await interaction.callback({ type: 4, data: { content: 'again' } }))).toEqual({ status: 400, code: 40060 })
    expect(interaction.shown.currentReply()?.loading).toBe(true)
  })

  it('is refused with the token of another interaction: 10062', async () => {
    const [one, other] = [await bot.receive(alice), await bot.receive(alice)]
    const crossed = await bot.call('POST', `/interactions/${one.payload.id}/${other.payload.token}/callback`, { json: { type: 5 } })
    expect(outcome(crossed)).toEqual({ status: 404, code: 10062 })
  })

  it('can be repeated after a malformed callback, but not with a type that does not fit', async () => {
    const interaction = await bot.receive(alice)
    const malformed = await interaction.callback({ type: 4, data: { content: 7 } })
    expect(outcome(malformed)).toEqual({ status: 400, code: 50035 })
    expect(malformed.body).toHaveProperty('errors.data.content._errors')
    expect(outcome(await interaction.callback({ type: 6 }))).toEqual({ status: 400, code: 50035 })
    expect((await interaction.callback({ type: 99 })).body).toHaveProperty('errors.type._errors')
    expect((await interaction.callback({ type: 4, data: { content: 'now' } }, '?with_response=true')).status).toBe(200)
  })

  it('ignores all flags of a deferral but EPHEMERAL', async () => {
    const interaction = await bot.receive(alice)
    await interaction.callback({ type: 5, data: { flags: 64 | 32768 } })
    expect(interaction.shown.currentReply()?.flags).toBe(64 | 128)
  })
})

describe('the interaction token', () => {
  it('works for 15 minutes and not a millisecond longer: 50027', async () => {
    const interaction = await deferred()
    discord.clock.advance(15 * minutes)
    expect((await bot.call('PATCH', interaction.original, { json: { content: 'in time' } })).status).toBe(200)
    discord.clock.advance(1)
    for (const [method, path] of [
      ['PATCH', interaction.original],
      ['GET', interaction.original],
      ['DELETE', interaction.original],
      ['POST', interaction.webhook],
    ] as const) {
      expect(outcome(await bot.call(method, path, method === 'GET' || method === 'DELETE' ? {} : { json: { content: 'late' } }))).toEqual({
        status: 401,
        code: 50027,
      })
    }
    expect(interaction.shown.currentReply()?.text).toBe('in time')
  })

  it('fails when it is unknown (50027), of another application (10015) or not acknowledged yet (10015)', async () => {
    expect(outcome(await bot.call('GET', `/webhooks/${discord.applicationId}/nobody/messages/@original`))).toEqual({
      status: 401,
      code: 50027,
    })
    const interaction = await bot.receive(alice)
    expect(outcome(await bot.call('GET', `/webhooks/123456789012345678/${interaction.payload.token}/messages/@original`))).toEqual({
      status: 404,
      code: 10015,
    })
    expect(outcome(await bot.call('PATCH', interaction.original, { json: { content: 'early' } }))).toEqual({ status: 404, code: 10015 })
    await interaction.callback({ type: 5 })
    expect((await bot.call('PATCH', interaction.original, { json: { content: 'now' } })).status).toBe(200)
  })

  it('reaches only its own messages: 10008', async () => {
    const [one, other] = [await deferred(), await deferred()]
    const id = other.shown.currentReply()?.id ?? ''
    expect(outcome(await bot.call('PATCH', `${one.webhook}/messages/${id}`, { json: { content: 'mine?' } }))).toEqual({
      status: 404,
      code: 10008,
    })
    expect((await bot.call('PATCH', `${other.webhook}/messages/${id}`, { json: { content: 'mine' } })).status).toBe(200)
  })
})

describe('a deleted message', () => {
  it('does not exist for the interaction token or the bot token: 10008', async () => {
    const interaction = await deferred()
    await bot.call('PATCH', interaction.original, { json: { content: 'there' } })
    const id = interaction.shown.currentReply()?.id ?? ''
    const path = `/channels/${discord.guild.channel.id}/messages/${id}`
    expect((await bot.call('PATCH', path, { json: { content: 'still there' } })).status).toBe(200)
    discord.deleteMessage(id)
    expect(outcome(await bot.call('PATCH', interaction.original, { json: { content: 'x' } }))).toEqual({ status: 404, code: 10008 })
    expect(outcome(await bot.call('DELETE', interaction.original))).toEqual({ status: 404, code: 10008 })
    expect(outcome(await bot.call('PATCH', path, { json: { content: 'x' } }))).toEqual({ status: 404, code: 10008 })
    await interaction.shown.replyDeleted()
    await expect(interaction.shown.reply()).rejects.toThrow('deleted')
  })
})

describe('files', () => {
  const file = (size: number) => ({ 'files[0]': { name: 'clip.mp4', bytes: Buffer.alloc(size) } })
  const listed = { attachments: [{ id: '0' }] }

  it('may have exactly the size limit of the interaction, and not one byte more: 40005', async () => {
    const interaction = await bot.receive(alice, { attachmentSizeLimit: 2000 })
    expect(interaction.payload['attachment_size_limit']).toBe(2000)
    await interaction.callback({ type: 5 })
    expect(outcome(await bot.call('PATCH', interaction.original, { json: listed, files: file(2001) }))).toEqual({
      status: 413,
      code: 40005,
    })
    expect(outcome(await bot.call('POST', interaction.webhook, { json: listed, files: file(2001) }))).toEqual({ status: 413, code: 40005 })
    expect((await bot.call('PATCH', interaction.original, { json: listed, files: file(2000) })).status).toBe(200)
  })

  it('are limited by the guild even if the interaction does not state the limit', async () => {
    const interaction = await bot.receive(alice, { attachmentSizeLimit: null })
    expect(interaction.payload).not.toHaveProperty('attachment_size_limit')
    await interaction.callback({ type: 5 })
    expect((await bot.call('PATCH', interaction.original, { json: listed, files: file(1001) })).status).toBe(413)
    expect((await bot.call('PATCH', interaction.original, { json: listed, files: file(1000) })).status).toBe(200)
  })

  it('sent with the bot token are limited by the guild', async () => {
    const path = `/channels/${discord.guild.channel.id}/messages`
    expect(outcome(await bot.call('POST', path, { files: file(1001) }))).toEqual({ status: 413, code: 40005 })
    expect((await bot.call('POST', path, { files: file(1000) })).status).toBe(200)
  })

  it.each([
    [2, 50],
    [3, 100],
  ] as const)('may have the size of boost tier %i: %i MiB each, but 25 MiB for a whole new message', async (premiumTier, mebibytes) => {
    const guild = discord.createGuild({ premiumTier })
    const path = `/channels/${guild.channel.id}/messages`
    const limit = mebibytes * 1024 * 1024
    expect((await bot.call('POST', path, { files: file(25 * 1024 * 1024) })).code).toBe(40005)
    const created = await bot.call('POST', path, { files: file(24 * 1024 * 1024) })
    expect(created.status).toBe(200)
    const message = `${path}/${created.body['id'] as string}`
    expect((await bot.call('PATCH', message, { json: listed, files: file(limit + 1) })).code).toBe(40005)
    expect((await bot.call('PATCH', message, { json: listed, files: file(limit) })).status).toBe(200)
  })
})

describe('an empty message', () => {
  it.each([
    ['nothing', {}],
    ['empty content', { content: '' }],
    ['no components', { flags: 32768, components: [] }],
  ])('with %s is refused: 50006', async (_name, json) => {
    const interaction = await deferred()
    expect(outcome(await bot.call('PATCH', interaction.original, { json }))).toEqual({ status: 400, code: 50006 })
    expect(outcome(await bot.call('POST', interaction.webhook, { json }))).toEqual({ status: 400, code: 50006 })
    expect(outcome(await bot.call('POST', `/channels/${discord.guild.channel.id}/messages`, { json }))).toEqual({
      status: 400,
      code: 50006,
    })
  })

  it('is not a message with a file only', async () => {
    const interaction = await deferred()
    const files = { 'files[0]': { name: 'a.txt', bytes: Buffer.from('a') } }
    expect((await bot.call('PATCH', interaction.original, { json: { attachments: [{ id: '0' }] }, files })).status).toBe(200)
  })
})

describe('the bot token', () => {
  it.each([
    ['GET', '/users/@me'],
    ['GET', '/gateway/bot'],
    ['GET', '/applications/@me'],
  ])('is required by %s %s', async (method, path) => {
    expect((await bot.call(method, path)).status).toBe(200)
    expect((await bot.call(method, path, { token: 'wrong' })).status).toBe(401)
    expect((await bot.call(method, path, { token: undefined })).status).toBe(401)
  })

  it('does not help on an unknown route', async () => {
    expect(outcome(await bot.call('GET', '/nowhere'))).toEqual({ status: 404, code: 0 })
  })
})

describe('a body', () => {
  it('that is not JSON is refused: 50109', async () => {
    const response = await fetch(`${discord.apiUrl}/v10/channels/${discord.guild.channel.id}/messages`, {
      method: 'POST',
      headers: { authorization: `Bot ${discord.botToken}`, 'content-type': 'application/json' },
      body: '{"content":',
    })
    expect([response.status, ((await response.json()) as { code: number }).code]).toEqual([400, 50109])
  })
})
