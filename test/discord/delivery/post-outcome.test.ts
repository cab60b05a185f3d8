import { describe, expect, test } from 'vitest'

import type { Generation } from '../../../src/generations/model/generation.ts'
import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessage, channelMessages, followUps, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()

describe('an outcome without a clip', () => {
  const failed = (change: Partial<Generation> = {}) => exampleGeneration({ state: 'failed', endReason: 'moderation', ...change })

  test('is neutral on the card; only the requester gets the reason', async () => {
    await stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    const [card] = stage.calls('PATCH', reply)
    expect(JSON.stringify(card?.body)).toContain('No charge.')
    expect(JSON.stringify(card?.body)).not.toContain('safety filter')
    const [reason] = stage.calls('POST', followUps)
    expect(reason?.body).toMatchObject({ flags: 64, allowed_mentions: { parse: [] } })
    expect(reason?.body['content']).toMatch(/safety filter[^]*No charge\.[^]*c0ffee42/)
  })

  test.each([
    ['failed', 'moderation', "Your clip wasn't made."],
    ['held', 'submission_unknown', 'Your clip is on hold.'],
  ] as const)(
    'is shown by bot token after the token has expired, and one short reply mentions the requester: %s',
    async (state, endReason, words) => {
      await stage.clock.advance(15 * minute)
      const generation = failed({ state, endReason, messageId: ids.reply })
      await stage.delivery.postOutcome(generation, { now: stage.clock.now() })
      expect(stage.calls('PATCH', channelMessage)).toHaveLength(1)
      const [reply, ...others] = stage.calls('POST', /./)
      expect(others).toEqual([])
      expect(reply?.path).toMatch(channelMessages)
      expect(reply?.body).toMatchObject({
        content: expect.stringContaining(`<@${ids.member}> ${words}`) as string,
        message_reference: { message_id: ids.reply },
        allowed_mentions: { parse: [], users: [ids.member], replied_user: false },
        enforce_nonce: true,
      })
      expect(reply?.body['nonce']).not.toBe(`m${generation.id.slice(-24)}`)
      expect(stage.notified).toBe(1)
      await stage.delivery.postOutcome(generation, { now: stage.clock.now() })
      expect(stage.calls('POST', /./)).toHaveLength(1)
    },
  )

  test('mentions nobody below the card of a cancelled request', async () => {
    await stage.clock.advance(15 * minute)
    const cancelled = exampleGeneration({ state: 'cancelled', endReason: 'cancelled-by-member', messageId: ids.reply })
    await stage.delivery.postOutcome(cancelled, { now: stage.clock.now() })
    expect(stage.calls('PATCH', channelMessage)).toHaveLength(1)
    expect(stage.calls('POST', /./)).toEqual([])
  })

  test('goes to the requester alone if the card was deleted', async () => {
    stage.discord.answerAlways('PATCH', reply, refusals.unknownMessage)
    await stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    expect(stage.calls('POST', followUps)).toHaveLength(1)
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })

  test.each(['unknownMessage', 'missingAccess', 'unknownWebhook', 'invalidWebhookToken'] as const)(
    'is announced if the card cannot be edited and Discord refuses to tell the requester privately: %s',
    async (refusal) => {
      stage.discord.answerAlways('PATCH', reply, refusals.archivedThread)
      stage.discord.answerAlways('PATCH', channelMessage, refusals.archivedThread)
      stage.discord.answerAlways('POST', followUps, refusals[refusal])
      await stage.delivery.postOutcome(failed({ messageId: ids.reply }), { now: stage.clock.now() })
      expect(stage.calls('POST', followUps)).toHaveLength(1)
      const [message] = stage.calls('POST', channelMessages)
      expect(JSON.stringify(message?.body)).toMatch(/Failed[^]*No charge\./)
      expect(stage.remembered).toEqual([ids.fresh])
      expect(stage.notified).toBe(1)
    },
  )

  test('is told by a reply to the card if Discord refuses to tell the requester privately', async () => {
    stage.discord.answerAlways('POST', followUps, refusals.invalidWebhookToken)
    await stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    const [reply, ...others] = stage.calls('POST', channelMessages)
    expect(others).toEqual([])
    expect(reply?.body).toHaveProperty('message_reference.message_id', ids.reply)
    expect(JSON.stringify(reply?.body)).not.toContain('safety filter')
    expect(stage.notified).toBe(1)
  })

  test.each([
    ['failed', 'moderation', /Failed[^]*No charge\./],
    ['held', 'submission_unknown', /On hold[^]*stays reserved/],
  ] as const)('is announced if the token has expired and the card cannot be edited: %s', async (state, endReason, words) => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.missingPermissions)
    await stage.delivery.postOutcome(failed({ state, endReason, messageId: ids.reply }), { now: stage.clock.now() })
    expect(stage.calls('POST', /./)).toHaveLength(1)
    const [message] = stage.calls('POST', channelMessages)
    expect(JSON.stringify(message?.body)).toMatch(words)
    expect(JSON.stringify(message?.body)).not.toContain('safety filter')
    expect(message?.body).toMatchObject({ enforce_nonce: true, allowed_mentions: { parse: [], users: [ids.member] } })
    expect(message?.body['nonce']).not.toBe(exampleGeneration().id.slice(-25))
    expect(stage.remembered).toEqual([ids.fresh])
    expect(stage.notified).toBe(1)
    // Announced once only.
    await stage.delivery.postOutcome(failed({ state, endReason, messageId: ids.reply }), { now: stage.clock.now() })
    expect(stage.calls('POST', /./)).toHaveLength(1)
  })

  test('is announced if the token has expired without a card, except for a cancelled request', async () => {
    await stage.clock.advance(15 * minute)
    await stage.delivery.postOutcome(exampleGeneration({ state: 'cancelled', endReason: 'cancelled-by-member' }), {
      now: stage.clock.now(),
    })
    expect(stage.calls('POST', /./)).toEqual([])
    stage.notified = 0
    stage.notifying = false
    await stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  test.each([
    ['the token has expired', 15 * minute, undefined],
    ['Discord refuses to tell the requester privately', 0, refusals.unknownMessage],
  ])('is posted nowhere again if the card was deleted and %s', async (_case, ago, refusal) => {
    await stage.clock.advance(ago)
    stage.discord.answerAlways('PATCH', reply, refusals.unknownMessage)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.unknownMessage)
    if (refusal) stage.discord.answerAlways('POST', followUps, refusal)
    await stage.delivery.postOutcome(failed({ messageId: ids.reply }), { now: stage.clock.now() })
    expect(stage.calls('POST', channelMessages)).toEqual([])
    // Nothing is left to try later.
    expect(stage.notified).toBe(1)
  })

  describe('that needs a new message', () => {
    const generation = failed({ messageId: ids.reply })
    const post = () => stage.delivery.postOutcome(generation, { now: stage.clock.now() })

    async function failThreeTimes(): Promise<void> {
      await stage.clock.advance(15 * minute)
      stage.discord.answerAlways('PATCH', new RegExp(`/messages/${ids.reply}$`), refusals.archivedThread)
      for (let time = 0; time < 3; time += 1) stage.discord.answerOnce('POST', channelMessages, refusals.unavailable)
      const posting = post()
      await stage.passPause(1000)
      await stage.passPause(4000)
      await posting
    }

    test('is announced later if Discord has a fault, once and under the same nonce', async () => {
      await failThreeTimes()
      expect(stage.calls('POST', channelMessages)).toHaveLength(3)
      expect(stage.notified).toBe(0)
      await post()
      const nonces = stage.calls('POST', channelMessages).map(({ body }) => body['nonce'])
      expect([nonces.length, new Set(nonces).size]).toEqual([4, 1])
      expect(stage.notified).toBe(1)
      await post()
      expect(stage.calls('POST', /./)).toHaveLength(4)
    })

    test('is found in the channel if it arrived after all', async () => {
      await failThreeTimes()
      const arrived = { id: (BigInt(ids.interaction) + 600n).toString(), channel_id: ids.channel, author: { id: ids.application } }
      const body = [{ ...arrived, components: [{ content: 'Reference c0ffee42' }] }]
      stage.discord.answerOnce('GET', channelMessages, { status: 200, body })
      await post()
      expect(stage.calls('POST', channelMessages)).toHaveLength(3)
      expect(stage.calls('PATCH', channelMessage).at(-1)?.path).toContain(arrived.id)
      expect(stage.remembered).toEqual([arrived.id])
      expect(stage.notified).toBe(1)
    })

    test('is given up if Discord refuses it', async () => {
      await stage.clock.advance(15 * minute)
      stage.discord.answerAlways('PATCH', channelMessage, refusals.missingAccess)
      stage.discord.answerAlways('POST', channelMessages, refusals.missingAccess)
      await post()
      await post()
      expect(stage.calls('POST', channelMessages)).toHaveLength(1)
    })
  })

  test('tells its reason again if Discord has a fault, and later if it persists', async () => {
    stage.discord.answerOnce('POST', followUps, refusals.unavailable)
    const posting = stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    await stage.passPause(1000)
    await posting
    expect(stage.calls('POST', followUps)).toHaveLength(2)
    expect(stage.notified).toBe(1)
  })

  test('is sent later if the bot token is invalid', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.unauthorized)
    const generation = failed({ messageId: ids.reply })
    await stage.delivery.postOutcome(generation, { now: stage.clock.now() })
    // The client has dropped the token and rejects the call itself.
    await stage.delivery.postOutcome(generation, { now: stage.clock.now() })
    expect(stage.notified).toBe(0)
    expect(stage.calls('POST', /./)).toEqual([])
  })

  test('is not sent once the generation has moved on', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    const held = exampleGeneration({ state: 'held', endReason: 'submission_unknown', endedAt: 1 })
    const posting = stage.delivery.postOutcome(held, { now: stage.clock.now() })
    await stage.discord.call('PATCH', reply)
    stage.stands = ({ state }) => state !== 'held'
    const posted = stage.post()
    await stage.passPause(1000)
    await Promise.all([posting, posted])
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 1])
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.notified).toBe(0)
  })

  test('does not replace a newer outcome; the same one is sent once', async () => {
    const release = stage.discord.hold('PATCH', reply)
    const held = exampleGeneration({ state: 'held', endReason: 'submission_unknown', endedAt: 1 })
    const settled = failed({ endReason: 'settled-by-operator', endedAt: 2 })
    const outcomes = [held, held, settled].map((generation) => stage.delivery.postOutcome(generation, { now: stage.clock.now() }))
    await stage.discord.call('PATCH', reply)
    release()
    await Promise.all(outcomes)
    expect(stage.calls('PATCH', reply).map(({ body }) => /On hold|Failed/.exec(JSON.stringify(body))?.[0])).toEqual(['On hold', 'Failed'])
  })

  test('sends no follow-up to a “thinking…” reply, where it would be public', async () => {
    stage.discord.answerAlways('PATCH', reply, refusals.unavailable)
    const posting = stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    await stage.passPause(1000)
    await stage.passPause(4000)
    await posting
    expect(stage.calls('PATCH', reply)).toHaveLength(3)
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.logged()).toContain('"status":503')
  })

  test('is not final for a held card, which can still get its clip', async () => {
    await stage.delivery.postOutcome(exampleGeneration({ state: 'held', endReason: 'submission_unknown' }), { now: stage.clock.now() })
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.delivery.drain()
    await stage.post()
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 0, 1])
  })
})
