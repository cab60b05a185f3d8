import { describe, expect, test } from 'vitest'

import { refusals } from '../support/scripted-discord.ts'

import { botToken, channelMessage, channelMessages, followUps, minute, reply, useDeliveryStage } from './delivery-stage.ts'
import { exampleGeneration, ids } from './example-generation.ts'

const stage = useDeliveryStage()

describe('where the token cannot be used', () => {
  const known = exampleGeneration({ state: 'delivering', messageId: ids.reply })

  test.each([refusals.invalidWebhookToken, refusals.unknownWebhook])('%o: the same message is edited by bot token', async (answer) => {
    stage.discord.answerOnce('PATCH', reply, answer)
    expect(await stage.post(known)).toEqual({ channelId: ids.channel, messageId: ids.reply })
    const [edit] = stage.calls('PATCH', channelMessage)
    expect(edit?.authorization).toBe(`Bot ${botToken}`)
    expect(edit?.path).toBe(`/channels/${ids.channel}/messages/${ids.reply}`)
    expect(edit?.files).toHaveLength(1)
    expect(stage.tokenRejected).toBe(0)
  })

  test('past its age it is not even tried', async () => {
    await stage.clock.advance(14.5 * minute)
    await stage.post(known)
    expect(stage.calls('PATCH', reply)).toEqual([])
    expect(stage.calls('PATCH', channelMessage)).toHaveLength(1)
  })

  test('progress goes on by bot token', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.invalidWebhookToken)
    stage.delivery.show(exampleGeneration({ state: 'queued', messageId: ids.reply }), { now: stage.clock.now() })
    stage.delivery.show(exampleGeneration({ state: 'rendering', messageId: ids.reply }), { now: stage.clock.now() })
    await stage.discord.call('PATCH', channelMessage, 1)
    await stage.delivery.drain()
    expect(stage.calls('PATCH', reply)).toHaveLength(1)
  })
})

describe('where the message cannot be used', () => {
  test.each([
    ['deleted, token alive', { ago: 0, answer: refusals.unknownMessage, path: reply }],
    ['deleted, token dead', { ago: 15 * minute, answer: refusals.unknownMessage, path: channelMessage }],
    ['not to be edited', { ago: 15 * minute, answer: refusals.missingPermissions, path: channelMessage }],
  ])('%s: a small message that mentions the requester, then the clip in it', async (_case, { ago, answer, path }) => {
    await stage.clock.advance(ago)
    stage.discord.answerOnce('PATCH', path, answer)
    if (path === reply) stage.discord.answerOnce('PATCH', channelMessage, answer)
    const posted = await stage.post(exampleGeneration({ state: 'delivering', messageId: ids.reply }))
    expect(posted).toEqual({ channelId: ids.channel, messageId: ids.fresh })
    const [small] = stage.calls('POST', channelMessages)
    expect(small?.files).toEqual([])
    expect(small?.body).toMatchObject({ enforce_nonce: true, allowed_mentions: { parse: [], users: [ids.member] } })
    const [edit] = stage.calls('PATCH', channelMessage).filter(({ path: edited }) => edited.endsWith(ids.fresh))
    expect(edit?.files).toHaveLength(1)
    expect(edit?.body).toMatchObject({ allowed_mentions: { parse: [] } })
    expect(stage.remembered).toEqual([ids.fresh])
    // It mentions the requester itself, so nobody is called back a second time.
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  /** Ids as Discord gives them out: after the interaction's. */
  const later = (by: number) => (BigInt(ids.interaction) + BigInt(by)).toString()
  const message = (id: string, author: string, content: string) => ({
    id,
    channel_id: ids.channel,
    author: { id: author },
    components: [{ content }],
  })

  test('a message that an earlier try left behind is used again, however much was said around it', async () => {
    await stage.clock.advance(15 * minute)
    const talk = Array.from({ length: 100 }, (_, index) => message(later(900 - index), 'somebody', 'Reference c0ffee42'))
    const left = [
      message(later(700), ids.application, 'another'),
      message(later(600), ids.application, 'Reference c0ffee42'),
      message(ids.reply, ids.application, 'Reference c0ffee42 before it was asked for'),
    ]
    stage.discord.answerOnce('GET', channelMessages, { status: 200, body: talk })
    stage.discord.answerOnce('GET', channelMessages, { status: 200, body: left })
    expect(await stage.post()).toEqual({ channelId: ids.channel, messageId: later(600) })
    expect(stage.calls('GET', channelMessages).map(({ query }) => query.get('before'))).toEqual([null, later(801)])
    expect(stage.calls('PATCH', channelMessage).map(({ path }) => path.split('/').at(-1))).toEqual([later(600)])
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })

  test('the search ends where the request was made', async () => {
    await stage.clock.advance(15 * minute)
    const older = Array.from({ length: 100 }, (_, index) => message(later(-index), ids.application, 'Reference c0ffee42'))
    stage.discord.answerAlways('GET', channelMessages, { status: 200, body: older })
    await stage.post()
    expect(stage.calls('GET', channelMessages)).toHaveLength(1)
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  test.each([refusals.unavailable, { status: 200, reset: true }])(
    'a search that breaks (%o) is made again, and finds what an earlier try left',
    async (answer) => {
      await stage.clock.advance(15 * minute)
      stage.discord.answerOnce('GET', channelMessages, answer)
      stage.discord.answerOnce('GET', channelMessages, {
        status: 200,
        body: [message(later(600), ids.application, 'Reference c0ffee42')],
      })
      const posted = stage.post()
      await stage.passPause(1000)
      expect((await posted).messageId).toBe(later(600))
      expect(stage.calls('POST', channelMessages)).toEqual([])
    },
  )

  test('while the channel cannot be searched nothing is posted there, and nobody called', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('GET', channelMessages, refusals.unavailable)
    const failed = expect(stage.post()).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    await stage.passPause(1000)
    await stage.passPause(4000)
    await failed
    expect(stage.calls('POST', channelMessages)).toEqual([])
    expect(stage.noticesClaimed).toBe(0)
  })

  test('where the search is refused the clip gets a message of its own', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('GET', channelMessages, refusals.missingAccess)
    expect((await stage.post()).messageId).toBe(ids.fresh)
  })

  test('a process that no longer owns the clip makes no message for it, not even at a second try', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('POST', channelMessages, refusals.unavailable)
    const posted = expect(stage.post()).rejects.toMatchObject({ name: 'LeaseLost' })
    await stage.discord.call('POST', channelMessages)
    stage.stands = () => false
    await stage.passPause(1000)
    await posted
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  test('nor does it put the clip into the card', async () => {
    stage.stands = () => false
    await expect(stage.post()).rejects.toMatchObject({ name: 'LeaseLost' })
    expect(stage.calls('PATCH', /./)).toEqual([])
  })

  test('without access to the channel it fails for good, by codes alone', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('POST', channelMessages, refusals.missingAccess)
    await expect(stage.post()).rejects.toMatchObject({ permanent: true, message: 'the clip could not be posted (HTTP 403, code 50001)' })
  })

  test('a void bot token is reported once, and is no dead interaction token', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('GET', channelMessages, refusals.unauthorized)
    stage.discord.answerAlways('POST', channelMessages, refusals.unauthorized)
    await expect(stage.post()).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    // The client has dropped the token by now; that is no answer of Discord's either.
    await expect(stage.post()).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    expect(stage.tokenRejected).toBe(1)
  })

  test('a card that only a void bot token keeps us from is not given up for a new message', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.unauthorized)
    await expect(stage.post(exampleGeneration({ state: 'delivering', messageId: ids.reply }))).rejects.toMatchObject({ permanent: false })
    expect(stage.calls('GET', channelMessages)).toEqual([])
    expect(stage.tokenRejected).toBe(1)
  })

  test('progress stops where the member deleted the card, but the clip is posted', async () => {
    stage.discord.answerAlways('PATCH', reply, refusals.unknownMessage)
    stage.delivery.show(exampleGeneration({ state: 'queued' }), { now: stage.clock.now() })
    stage.delivery.show(exampleGeneration({ state: 'submitting' }), { now: stage.clock.now() })
    await stage.delivery.drain()
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.delivery.drain()
    expect(stage.calls('PATCH', reply)).toHaveLength(1)
    expect((await stage.post()).messageId).toBe(ids.fresh)
    expect(stage.calls('PATCH', reply)).toHaveLength(1)
  })
})

test('progress stops where no route edits the card any more', async () => {
  await stage.clock.advance(15 * minute)
  stage.discord.answerAlways('PATCH', channelMessage, refusals.missingPermissions)
  for (const state of ['queued', 'submitting', 'rendering'] as const) {
    stage.delivery.show(exampleGeneration({ state, messageId: ids.reply }), { now: stage.clock.now() })
    await stage.delivery.drain()
  }
  expect(stage.calls('PATCH', channelMessage)).toHaveLength(1)
  expect(stage.logged()).toContain('takes no more progress')
})
