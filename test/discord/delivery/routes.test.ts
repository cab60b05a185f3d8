import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { botToken, channelMessage, channelMessages, followUps, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()

describe('without a usable token', () => {
  const known = exampleGeneration({ state: 'delivering', messageId: ids.reply })

  test.each([refusals.invalidWebhookToken, refusals.unknownWebhook])('%o: the bot token edits the same message', async (response) => {
    stage.discord.answerOnce('PATCH', reply, response)
    expect(await stage.post(known)).toEqual({ channelId: ids.channel, messageId: ids.reply })
    const [edit] = stage.calls('PATCH', channelMessage)
    expect(edit?.authorization).toBe(`Bot ${botToken}`)
    expect(edit?.path).toBe(`/channels/${ids.channel}/messages/${ids.reply}`)
    expect(edit?.files).toHaveLength(1)
    expect(stage.tokenRejected).toBe(0)
  })

  test('an expired token is not tried', async () => {
    await stage.clock.advance(14.5 * minute)
    await stage.post(known)
    expect(stage.calls('PATCH', reply)).toEqual([])
    expect(stage.calls('PATCH', channelMessage)).toHaveLength(1)
  })

  test('progress continues by bot token', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.invalidWebhookToken)
    stage.delivery.show(exampleGeneration({ state: 'queued', messageId: ids.reply }), { now: stage.clock.now() })
    stage.delivery.show(exampleGeneration({ state: 'rendering', messageId: ids.reply }), { now: stage.clock.now() })
    await stage.discord.call('PATCH', channelMessage, 1)
    await stage.delivery.drain()
    expect(stage.calls('PATCH', reply)).toHaveLength(1)
  })
})

describe('without a usable message', () => {
  test.each([
    ['an archived thread, token valid', { ago: 0, answer: refusals.archivedThread }],
    ['an archived thread, token expired', { ago: 15 * minute, answer: refusals.archivedThread }],
    ['a locked thread', { ago: 15 * minute, answer: refusals.lockedThread }],
    ['not editable', { ago: 15 * minute, answer: refusals.missingPermissions }],
  ])('%s: a small message mentions the requester, then receives the clip', async (_case, { ago, answer }) => {
    await stage.clock.advance(ago)
    stage.discord.answerAlways('PATCH', reply, answer)
    stage.discord.answerAlways('PATCH', new RegExp(`/messages/${ids.reply}$`), answer)
    const posted = await stage.post(exampleGeneration({ state: 'delivering', messageId: ids.reply }))
    expect(posted).toEqual({ channelId: ids.channel, messageId: ids.fresh })
    const [small] = stage.calls('POST', channelMessages)
    expect(small?.files).toEqual([])
    expect(small?.body).toMatchObject({ enforce_nonce: true, allowed_mentions: { parse: [], users: [ids.member] } })
    const [edit] = stage.calls('PATCH', channelMessage).filter(({ path: edited }) => edited.endsWith(ids.fresh))
    expect(edit?.files).toHaveLength(1)
    expect(edit?.body).toMatchObject({ allowed_mentions: { parse: [] } })
    expect(stage.remembered).toEqual([ids.fresh])
    // No second mention.
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  /** An id newer than the interaction's. */
  const later = (by: number) => (BigInt(ids.interaction) + BigInt(by)).toString()
  const message = (id: string, author: string, content: string) => ({
    id,
    channel_id: ids.channel,
    author: { id: author },
    components: [{ content }],
  })

  test('reuses the message of an earlier try in a busy channel', async () => {
    await stage.clock.advance(15 * minute)
    const chatter = Array.from({ length: 100 }, (_, index) => message(later(900 - index), 'other-user', 'Reference c0ffee42'))
    const left = [
      message(later(700), ids.application, 'another'),
      message(later(600), ids.application, 'Reference c0ffee42'),
      message(later(-1), ids.application, 'Reference c0ffee42 before the request'),
    ]
    stage.discord.answerOnce('GET', channelMessages, { status: 200, body: chatter })
    stage.discord.answerOnce('GET', channelMessages, { status: 200, body: left })
    expect(await stage.post()).toEqual({ channelId: ids.channel, messageId: later(600) })
    expect(stage.calls('GET', channelMessages).map(({ query }) => query.get('before'))).toEqual([null, later(801)])
    expect(stage.calls('PATCH', channelMessage).map(({ path }) => path.split('/').at(-1))).toEqual([later(600)])
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })

  test('the search ends at the time of the request', async () => {
    await stage.clock.advance(15 * minute)
    const older = Array.from({ length: 100 }, (_, index) => message(later(-index), ids.application, 'Reference c0ffee42'))
    stage.discord.answerAlways('GET', channelMessages, { status: 200, body: older })
    await stage.post()
    expect(stage.calls('GET', channelMessages)).toHaveLength(1)
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  test.each([refusals.unavailable, { status: 200, reset: true }])('a failed search (%o) is retried', async (response) => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('GET', channelMessages, response)
    stage.discord.answerOnce('GET', channelMessages, {
      status: 200,
      body: [message(later(600), ids.application, 'Reference c0ffee42')],
    })
    const posted = stage.post()
    await stage.passPause(1000)
    expect((await posted)?.messageId).toBe(later(600))
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })

  test('posts and mentions nothing if the search fails', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('GET', channelMessages, refusals.unavailable)
    const failed = expect(stage.post()).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    await stage.passPause(1000)
    await stage.passPause(4000)
    await failed
    expect(stage.calls('POST', channelMessages)).toEqual([])
    expect(stage.notified).toBe(0)
  })

  test('posts a new message if the search is refused', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('GET', channelMessages, refusals.missingAccess)
    expect((await stage.post())?.messageId).toBe(ids.fresh)
  })

  test('a process that lost the lease posts no new message, even in a retry', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('POST', channelMessages, refusals.unavailable)
    const posted = expect(stage.post()).rejects.toMatchObject({ name: 'LeaseLost' })
    await stage.discord.call('POST', channelMessages)
    stage.stands = () => false
    await stage.passPause(1000)
    await posted
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  test('a process that lost the lease does not edit the card', async () => {
    stage.stands = () => false
    await expect(stage.post()).rejects.toMatchObject({ name: 'LeaseLost' })
    expect(stage.calls('PATCH', /./)).toEqual([])
  })

  test('fails permanently without access to the channel, described by codes alone', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('POST', channelMessages, refusals.missingAccess)
    await expect(stage.post()).rejects.toMatchObject({ permanent: true, message: 'clip not posted (HTTP 403, code 50001)' })
  })

  test('an invalid bot token is reported once and fails temporarily', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('GET', channelMessages, refusals.unauthorized)
    stage.discord.answerAlways('POST', channelMessages, refusals.unauthorized)
    await expect(stage.post()).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    // The client has dropped the token and rejects the call itself.
    await expect(stage.post()).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    expect(stage.tokenRejected).toBe(1)
  })

  test('an invalid bot token does not lead to a new message', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.unauthorized)
    await expect(stage.post(exampleGeneration({ state: 'delivering', messageId: ids.reply }))).rejects.toMatchObject({ permanent: false })
    expect(stage.calls('GET', channelMessages)).toEqual([])
    expect(stage.tokenRejected).toBe(1)
  })
})

test('progress stops once no route can edit the card', async () => {
  await stage.clock.advance(15 * minute)
  stage.discord.answerAlways('PATCH', channelMessage, refusals.missingPermissions)
  for (const state of ['queued', 'submitting', 'rendering'] as const) {
    stage.delivery.show(exampleGeneration({ state, messageId: ids.reply }), { now: stage.clock.now() })
    await stage.delivery.drain()
  }
  expect(stage.calls('PATCH', channelMessage)).toHaveLength(1)
  expect(stage.logged()).toContain('progress updates stopped')
})
