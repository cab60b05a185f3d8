import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createDelivery } from '../../src/discord/delivery.ts'
import { createMessages } from '../../src/discord/messages.ts'
import { createRestClients } from '../../src/discord/rest.ts'
import type { Generation } from '../../src/generations/generation.ts'
import type { Delivery, PostedMessage } from '../../src/generations/ports.ts'
import type { RecordedCall, ScriptedDiscord } from '../support/scripted-discord.ts'
import { refusals, startScriptedDiscord } from '../support/scripted-discord.ts'

import { createCapturedLog } from './captured-log.ts'
import { exampleGeneration, ids, interactionToken, startedAt } from './example-generation.ts'
import { createManualClock } from './manual-clock.ts'

const botToken = 'bot-token-of-the-test'
const minute = 60_000
const mebibyte = 1024 * 1024

const reply = /^\/webhooks\/\d+\/[^/]+\/messages\/@original$/
const followUps = /^\/webhooks\/\d+\/[^/]+$/
const channelMessages = /^\/channels\/\d+\/messages$/
const channelMessage = /^\/channels\/\d+\/messages\/\d+$/

const clip = { bytes: new Uint8Array(20_000).fill(7), durationSeconds: 10, url: 'https://host.example/secret-clip.mp4?signature=abc' }

let discord: ScriptedDiscord
let clock: ReturnType<typeof createManualClock>
let captured: ReturnType<typeof createCapturedLog>
let delivery: Delivery
let remembered: string[]
let noticesClaimed: number
let uploadLimit: number
let tokenRejected: number
let close: () => void

beforeEach(async () => {
  discord = await startScriptedDiscord({ applicationId: ids.application, guildId: ids.guild, replyId: ids.reply, messageIds: [ids.fresh] })
  clock = createManualClock(startedAt + 10_000)
  captured = createCapturedLog()
  remembered = []
  noticesClaimed = 0
  uploadLimit = 10 * mebibyte
  tokenRejected = 0
  const clients = createRestClients({ api: discord.api, botToken, onTokenRejected: () => tokenRejected++ })
  close = () => {
    clients.close()
  }
  delivery = createDelivery({
    messages: createMessages(clients),
    clock,
    log: captured.log,
    rememberMessage: (_generationId, messageId) => {
      remembered.push(messageId)
      return Promise.resolve()
    },
    claimNotice: () => Promise.resolve(++noticesClaimed === 1),
    uploadLimitOf: () => uploadLimit,
  })
})

afterEach(async () => {
  await delivery.settle()
  close()
  await discord.close()
  // Whatever happened: nothing secret was written down.
  expect(captured.text()).not.toMatch(new RegExp(`${interactionToken}|${botToken}|secret-clip|paper boat`))
})

const post = (generation = exampleGeneration({ state: 'delivering' }), what = clip): Promise<PostedMessage> =>
  delivery.post(generation, what, { signal: AbortSignal.timeout(50_000) })

const calls = (method: string, path: RegExp): RecordedCall[] =>
  discord.calls.filter((call) => call.method === method && path.test(call.path))

/** Moves the bot's clock on as soon as somebody sleeps by it. */
async function passPause(milliseconds: number): Promise<void> {
  while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(milliseconds)
}

describe('while the token lives', () => {
  test('progress edits the reply by token alone and remembers its id once', async () => {
    delivery.show(exampleGeneration({ state: 'queued' }), { now: clock.now(), ahead: 1 })
    delivery.show(exampleGeneration({ state: 'rendering' }), { now: clock.now() })
    const second = await discord.call('PATCH', reply, 1)
    await delivery.settle()
    expect(second.authorization).toBeUndefined()
    expect(second.body).toMatchObject({ flags: 1 << 15, allowed_mentions: { parse: [] } })
    expect(second.body).not.toHaveProperty('content')
    expect(remembered).toEqual([ids.reply])
  })

  test('the clip replaces the card as its only, listed file', async () => {
    expect(await post()).toEqual({ channelId: ids.channel, messageId: ids.reply })
    const [edit] = calls('PATCH', reply)
    expect(edit?.authorization).toBeUndefined()
    expect(edit?.files).toMatchObject([{ field: 'files[0]', name: 'rushes-0196a1b2.mp4', type: 'video/mp4' }])
    expect(edit?.files[0]?.bytes).toEqual(clip.bytes)
    expect(edit?.body).toMatchObject({ attachments: [{ id: '0', filename: 'rushes-0196a1b2.mp4' }] })
    expect(JSON.stringify(edit?.body)).toContain('attachment://rushes-0196a1b2.mp4')
    expect(calls('POST', followUps)).toEqual([])
  })

  test('waits for the edit in flight, drops what waits, and shows nothing afterwards', async () => {
    const release = discord.hold('PATCH', reply)
    delivery.show(exampleGeneration({ state: 'rendering' }), { now: clock.now() })
    await discord.call('PATCH', reply)
    delivery.show(exampleGeneration({ state: 'delivering' }), { now: clock.now() })
    const posted = post()
    expect(calls('PATCH', reply)).toHaveLength(1)
    release()
    await posted
    delivery.show(exampleGeneration({ state: 'rendering' }), { now: clock.now() })
    await delivery.settle()
    expect(calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 1])
  })

  test('posting again edits the same message again', async () => {
    const first = await post()
    expect(await post(exampleGeneration({ state: 'delivering', messageId: first.messageId }))).toEqual(first)
    expect(calls('POST', channelMessages)).toEqual([])
  })

  test.each([refusals.unavailable, { status: 200, reset: true }])(
    'an upload that breaks (%o) is sent once more after a pause',
    async (answer) => {
      discord.answerOnce('PATCH', reply, answer)
      const posted = post()
      await passPause(2000)
      expect((await posted).messageId).toBe(ids.reply)
      expect(calls('PATCH', reply)).toHaveLength(2)
    },
  )

  test('a failure that stays is told by codes alone, and a later try goes on', async () => {
    discord.answerOnce('PATCH', reply, refusals.unavailable)
    discord.answerOnce('PATCH', reply, refusals.unavailable)
    const failed = expect(post()).rejects.toMatchObject({
      name: 'DeliveryError',
      permanent: false,
      message: 'the clip could not be posted (HTTP 503)',
    })
    await passPause(2000)
    await failed
    expect((await post()).messageId).toBe(ids.reply)
  })

  test('stops at once when it is told to', async () => {
    const release = discord.hold('PATCH', reply)
    const stop = new AbortController()
    const posted = delivery.post(exampleGeneration(), clip, { signal: stop.signal })
    await discord.call('PATCH', reply)
    stop.abort(new Error('shutting down'))
    await expect(posted).rejects.toThrow('shutting down')
    release()
  })
})

describe('where the token cannot be used', () => {
  const known = exampleGeneration({ state: 'delivering', messageId: ids.reply })

  test.each([refusals.invalidWebhookToken, refusals.unknownWebhook])('%o: the same message is edited by bot token', async (answer) => {
    discord.answerOnce('PATCH', reply, answer)
    expect(await post(known)).toEqual({ channelId: ids.channel, messageId: ids.reply })
    const [edit] = calls('PATCH', channelMessage)
    expect(edit?.authorization).toBe(`Bot ${botToken}`)
    expect(edit?.path).toBe(`/channels/${ids.channel}/messages/${ids.reply}`)
    expect(edit?.files).toHaveLength(1)
    expect(tokenRejected).toBe(0)
  })

  test('past its age it is not even tried', async () => {
    await clock.advance(14.5 * minute)
    await post(known)
    expect(calls('PATCH', reply)).toEqual([])
    expect(calls('PATCH', channelMessage)).toHaveLength(1)
  })

  test('progress goes on by bot token', async () => {
    discord.answerOnce('PATCH', reply, refusals.invalidWebhookToken)
    delivery.show(exampleGeneration({ state: 'queued', messageId: ids.reply }), { now: clock.now() })
    delivery.show(exampleGeneration({ state: 'rendering', messageId: ids.reply }), { now: clock.now() })
    await discord.call('PATCH', channelMessage, 1)
    await delivery.settle()
    expect(calls('PATCH', reply)).toHaveLength(1)
  })
})

describe('where the message cannot be used', () => {
  test.each([
    ['deleted, token alive', { ago: 0, answer: refusals.unknownMessage, path: reply }],
    ['deleted, token dead', { ago: 15 * minute, answer: refusals.unknownMessage, path: channelMessage }],
    ['not to be edited', { ago: 15 * minute, answer: refusals.missingPermissions, path: channelMessage }],
  ])('%s: a small message that mentions the requester, then the clip in it', async (_case, { ago, answer, path }) => {
    await clock.advance(ago)
    discord.answerOnce('PATCH', path, answer)
    if (path === reply) discord.answerOnce('PATCH', channelMessage, answer)
    const posted = await post(exampleGeneration({ state: 'delivering', messageId: ids.reply }))
    expect(posted).toEqual({ channelId: ids.channel, messageId: ids.fresh })
    const [small] = calls('POST', channelMessages)
    expect(small?.files).toEqual([])
    expect(small?.body).toMatchObject({ enforce_nonce: true, allowed_mentions: { parse: [], users: [ids.member] } })
    const [edit] = calls('PATCH', channelMessage).filter(({ path: edited }) => edited.endsWith(ids.fresh))
    expect(edit?.files).toHaveLength(1)
    expect(edit?.body).toMatchObject({ allowed_mentions: { parse: [] } })
    expect(remembered).toEqual([ids.fresh])
    // It mentions the requester itself, so nobody is called back a second time.
    expect(calls('POST', followUps)).toEqual([])
    expect(calls('POST', channelMessages)).toHaveLength(1)
  })

  test('a message that an earlier try left behind is used again', async () => {
    await clock.advance(15 * minute)
    const left = [
      { id: '1', channel_id: ids.channel, author: { id: 'somebody' }, components: [{ content: 'c0ffee42' }] },
      { id: '2', channel_id: ids.channel, author: { id: ids.application }, components: [{ content: 'another' }] },
      { id: ids.fresh, channel_id: ids.channel, author: { id: ids.application }, components: [{ content: 'Reference c0ffee42' }] },
    ]
    discord.answerOnce('GET', channelMessages, { status: 200, body: left })
    expect(await post()).toEqual({ channelId: ids.channel, messageId: ids.fresh })
    expect(calls('POST', channelMessages)).toEqual([])
  })

  test('without access to the channel it fails for good, by codes alone', async () => {
    await clock.advance(15 * minute)
    discord.answerAlways('POST', channelMessages, refusals.missingAccess)
    await expect(post()).rejects.toMatchObject({ permanent: true, message: 'the clip could not be posted (HTTP 403, code 50001)' })
  })

  test('a void bot token is reported once, and is no dead interaction token', async () => {
    await clock.advance(15 * minute)
    discord.answerAlways('GET', channelMessages, refusals.unauthorized)
    discord.answerAlways('POST', channelMessages, refusals.unauthorized)
    await expect(post()).rejects.toMatchObject({ name: 'DeliveryError' })
    expect(tokenRejected).toBe(1)
  })

  test('progress stops where the member deleted the card, but the clip is posted', async () => {
    discord.answerAlways('PATCH', reply, refusals.unknownMessage)
    delivery.show(exampleGeneration({ state: 'queued' }), { now: clock.now() })
    delivery.show(exampleGeneration({ state: 'submitting' }), { now: clock.now() })
    await delivery.settle()
    delivery.show(exampleGeneration({ state: 'rendering' }), { now: clock.now() })
    await delivery.settle()
    expect(calls('PATCH', reply)).toHaveLength(1)
    expect((await post()).messageId).toBe(ids.fresh)
    expect(calls('PATCH', reply)).toHaveLength(1)
  })
})

describe('a clip that is too large', () => {
  const bytes = (size: number) => ({ ...clip, bytes: new Uint8Array(size) })
  const linkOf = (call: RecordedCall | undefined) => JSON.stringify(call?.body).includes(clip.url)

  test('by token: the limit that Discord named, less the frame', async () => {
    const limited = exampleGeneration({ reply: { ...exampleGeneration().reply, attachmentSizeLimit: 100_000 } })
    await post(limited, bytes(100_000 - 16_384))
    await post({ ...limited, id: `f${limited.id.slice(1)}` }, bytes(100_000 - 16_384 + 1))
    const [fits, linked] = calls('PATCH', reply)
    expect([fits?.files.length, linked?.files.length]).toEqual([1, 0])
    expect(linkOf(linked)).toBe(true)
    expect(linked?.body).toMatchObject({ attachments: [] })
  })

  test.each([
    [100 * mebibyte, 25 * mebibyte],
    [10 * mebibyte, 10 * mebibyte],
  ])('by bot token in a guild that allows %i: %i a request, less the frame', async (allowed, taken) => {
    await clock.advance(15 * minute)
    uploadLimit = allowed
    const generation = exampleGeneration({ messageId: ids.reply })
    await post(generation, bytes(taken - 16_384))
    await post({ ...generation, id: `f${generation.id.slice(1)}` }, bytes(taken - 16_384 + 1))
    const [fits, linked] = calls('PATCH', channelMessage)
    expect([fits?.files.length, linked?.files.length]).toEqual([1, 0])
    expect(linkOf(linked)).toBe(true)
  })

  test('refused all the same: its link is posted', async () => {
    discord.answerOnce('PATCH', reply, refusals.tooLarge)
    await post()
    expect(calls('PATCH', reply).map(({ files }) => files.length)).toEqual([1, 0])
    expect(linkOf(calls('PATCH', reply)[1])).toBe(true)
  })
})

describe('calling the requester back', () => {
  const slow = exampleGeneration({ createdAt: startedAt - minute, messageId: ids.reply })
  const link = `https://discord.com/channels/${ids.guild}/${ids.channel}/${ids.reply}`

  test('after more than a minute: one follow-up that mentions only them', async () => {
    await post(slow)
    const [notice] = calls('POST', followUps)
    expect(notice?.authorization).toBeUndefined()
    expect(notice?.body).toEqual({
      content: `<@${ids.member}> Your clip is ready: ${link}`,
      allowed_mentions: { parse: [], users: [ids.member] },
    })
    await post(slow)
    expect(calls('POST', followUps)).toHaveLength(1)
  })

  test.each([
    ['past the token', { ago: 15 * minute, answer: undefined, byToken: 0 }],
    ['where the token just died', { ago: 0, answer: refusals.invalidWebhookToken, byToken: 1 }],
  ])('%s: an answer to the message in the channel', async (_case, { ago, answer, byToken }) => {
    await clock.advance(ago)
    if (answer) discord.answerOnce('POST', followUps, answer)
    await post(slow)
    expect(calls('POST', followUps)).toHaveLength(byToken)
    const [notice] = calls('POST', channelMessages)
    expect(notice?.body).toMatchObject({
      message_reference: { message_id: ids.reply },
      allowed_mentions: { parse: [], users: [ids.member], replied_user: false },
    })
  })

  test('is not tried again where nobody knows whether it was said, and spoils nothing', async () => {
    discord.answerOnce('POST', followUps, { status: 200, reset: true })
    expect((await post(slow)).messageId).toBe(ids.reply)
    expect(calls('POST', followUps)).toHaveLength(1)
    expect(calls('POST', channelMessages)).toEqual([])
    expect(captured.text()).toContain('could not be called back')
  })

  test('not within the minute', async () => {
    await post(exampleGeneration({ createdAt: clock.now() - minute }))
    expect(calls('POST', followUps)).toEqual([])
    expect(noticesClaimed).toBe(0)
  })
})

describe('ending without a clip', () => {
  const failed = (change: Partial<Generation> = {}) => exampleGeneration({ state: 'failed', endReason: 'moderation', ...change })

  test('the card says it neutrally, the reason goes to the requester alone', async () => {
    await delivery.end(failed(), { now: clock.now() })
    const [card] = calls('PATCH', reply)
    expect(JSON.stringify(card?.body)).toContain('Nothing was charged.')
    expect(JSON.stringify(card?.body)).not.toContain('safety rules')
    const [word] = calls('POST', followUps)
    expect(word?.body).toMatchObject({ flags: 64, allowed_mentions: { parse: [] } })
    expect(word?.body['content']).toMatch(/safety rules[^]*Nothing was charged\.[^]*c0ffee42/)
  })

  test('past the token the card is edited by bot token, and nothing private is sent', async () => {
    await clock.advance(15 * minute)
    await delivery.end(failed({ messageId: ids.reply }), { now: clock.now() })
    expect(calls('PATCH', channelMessage)).toHaveLength(1)
    expect(calls('POST', /./)).toEqual([])
  })

  test('where the card was deleted only the private word is left', async () => {
    discord.answerAlways('PATCH', reply, refusals.unknownMessage)
    await delivery.end(failed(), { now: clock.now() })
    expect(calls('POST', followUps)).toHaveLength(1)
    expect(calls('POST', channelMessages)).toEqual([])
  })

  test('a reply that still says “thinking…” gets no follow-up, which would take its place for everyone to read', async () => {
    discord.answerAlways('PATCH', reply, refusals.unavailable)
    const ended = delivery.end(failed(), { now: clock.now() })
    await passPause(1000)
    await passPause(4000)
    await ended
    expect(calls('PATCH', reply)).toHaveLength(3)
    expect(calls('POST', followUps)).toEqual([])
    expect(captured.text()).toContain('"status":503')
  })

  test('a held card can still get its clip', async () => {
    await delivery.end(exampleGeneration({ state: 'held', endReason: 'submission_unknown' }), { now: clock.now() })
    delivery.show(exampleGeneration({ state: 'rendering' }), { now: clock.now() })
    await delivery.settle()
    await post()
    expect(calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 0, 1])
  })
})
