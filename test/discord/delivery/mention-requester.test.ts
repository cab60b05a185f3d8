import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessages, followUps, minute, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids, startedAt } from '../support/example-generation.ts'

const stage = useDeliveryStage()

describe('mentioning the requester', () => {
  const slow = exampleGeneration({ createdAt: startedAt - minute, messageId: ids.reply })
  const link = `https://discord.com/channels/${ids.guild}/${ids.channel}/${ids.reply}`

  test('after more than a minute: one follow-up mentions only them', async () => {
    await stage.post(slow)
    const [notice] = stage.calls('POST', followUps)
    expect(notice?.authorization).toBeUndefined()
    expect(notice?.body).toEqual({
      content: `<@${ids.member}> Your clip is ready: ${link}`,
      allowed_mentions: { parse: [], users: [ids.member] },
    })
    await stage.post(slow)
    expect(stage.calls('POST', followUps)).toHaveLength(1)
  })

  test.each([
    ['after the token expired', { ago: 15 * minute, response: undefined, byToken: 0 }],
    ['with a token that expired early', { ago: 0, response: refusals.invalidWebhookToken, byToken: 1 }],
  ])('%s: a reply to the clip mentions them', async (_case, { ago, response, byToken }) => {
    await stage.clock.advance(ago)
    if (response) stage.discord.answerOnce('POST', followUps, response)
    await stage.post(slow)
    expect(stage.calls('POST', followUps)).toHaveLength(byToken)
    const [notice] = stage.calls('POST', channelMessages)
    expect(notice?.body).toMatchObject({
      message_reference: { message_id: ids.reply },
      allowed_mentions: { parse: [], users: [ids.member], replied_user: false },
    })
  })

  test('without permission to reply: a message with the link alone', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('POST', channelMessages, refusals.noMessageHistory)
    await stage.post(slow)
    const [refused, notice] = stage.calls('POST', channelMessages)
    expect(refused?.body).toHaveProperty('message_reference')
    expect(notice?.body).toEqual({
      content: `<@${ids.member}> Your clip is ready: ${link}`,
      allowed_mentions: { parse: [], users: [ids.member], replied_user: false },
      nonce: expect.any(String) as string,
      enforce_nonce: true,
    })
    expect(stage.calls('POST', channelMessages)).toHaveLength(2)
  })

  describe('if the response was lost', () => {
    const mention = {
      id: (BigInt(ids.interaction) + 600n).toString(),
      channel_id: ids.channel,
      author: { id: ids.application },
      content: `<@${ids.member}> Your clip is ready: ${link}`,
    }

    test('is found in the channel, and not repeated', async () => {
      stage.discord.answerOnce('POST', followUps, { status: 200, reset: true })
      stage.discord.answerOnce('GET', channelMessages, { status: 200, body: [mention] })
      expect((await stage.post(slow))?.messageId).toBe(ids.reply)
      expect(stage.calls('POST', /./)).toHaveLength(1)
      expect(stage.notified).toBe(1)
    })

    test('is repeated in the channel, under a nonce, if it is not there', async () => {
      stage.discord.answerOnce('POST', followUps, { status: 200, reset: true })
      stage.discord.answerOnce('POST', channelMessages, { status: 200, reset: true })
      const posted = stage.post(slow)
      await stage.passPause(1000)
      await posted
      const notices = stage.calls('POST', channelMessages).map(({ body }) => [body['nonce'], body['enforce_nonce']])
      expect(notices).toHaveLength(2)
      expect(notices[0]).toEqual(notices[1])
      expect(notices[0]?.[1]).toBe(true)
      expect(stage.notified).toBe(1)
    })
  })

  test('is posted in the channel if Discord refuses the follow-up', async () => {
    stage.discord.answerAlways('POST', followUps, refusals.missingAccess)
    await stage.post(slow)
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
    expect(stage.calls('GET', channelMessages)).toEqual([])
    expect(stage.notified).toBe(1)
  })

  test('is given up if Discord refuses it by both routes; the clip stays posted', async () => {
    stage.discord.answerAlways('POST', /./, refusals.missingAccess)
    expect((await stage.post(slow))?.messageId).toBe(ids.reply)
    expect(stage.logged()).toContain('Discord refused to mention')
    await stage.post(slow)
    expect(stage.calls('POST', /./)).toHaveLength(2)
    expect(stage.notified).toBe(1)
  })

  test('is not recorded while Discord has a fault; the clip stays posted', async () => {
    stage.discord.answerAlways('POST', /./, refusals.unavailable)
    const posted = stage.post(slow)
    await stage.passPause(1000)
    await stage.passPause(4000)
    expect((await posted)?.messageId).toBe(ids.reply)
    expect(stage.notified).toBe(0)
    expect(stage.logged()).toContain('requester not mentioned')
  })

  test('does not happen within a minute', async () => {
    await stage.post(exampleGeneration({ createdAt: stage.clock.now() - minute }))
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.notified).toBe(0)
  })
})
