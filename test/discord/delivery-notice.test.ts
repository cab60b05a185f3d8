import { describe, expect, test } from 'vitest'

import { refusals } from '../support/scripted-discord.ts'

import { channelMessages, followUps, minute, useDeliveryStage } from './delivery-stage.ts'
import { exampleGeneration, ids, startedAt } from './example-generation.ts'

const stage = useDeliveryStage()

describe('calling the requester back', () => {
  const slow = exampleGeneration({ createdAt: startedAt - minute, messageId: ids.reply })
  const link = `https://discord.com/channels/${ids.guild}/${ids.channel}/${ids.reply}`

  test('after more than a minute: one follow-up that mentions only them', async () => {
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
    ['past the token', { ago: 15 * minute, answer: undefined, byToken: 0 }],
    ['where the token just died', { ago: 0, answer: refusals.invalidWebhookToken, byToken: 1 }],
  ])('%s: an answer to the message in the channel', async (_case, { ago, answer, byToken }) => {
    await stage.clock.advance(ago)
    if (answer) stage.discord.answerOnce('POST', followUps, answer)
    await stage.post(slow)
    expect(stage.calls('POST', followUps)).toHaveLength(byToken)
    const [notice] = stage.calls('POST', channelMessages)
    expect(notice?.body).toMatchObject({
      message_reference: { message_id: ids.reply },
      allowed_mentions: { parse: [], users: [ids.member], replied_user: false },
    })
  })

  test('where the bot may not refer to the message: without the reference, by the link alone', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('POST', channelMessages, refusals.noMessageHistory)
    await stage.post(slow)
    const [refused, notice] = stage.calls('POST', channelMessages)
    expect(refused?.body).toHaveProperty('message_reference')
    expect(notice?.body).toEqual({
      content: `<@${ids.member}> Your clip is ready: ${link}`,
      allowed_mentions: { parse: [], users: [ids.member], replied_user: false },
    })
    expect(stage.calls('POST', channelMessages)).toHaveLength(2)
  })

  test('is not tried again where nobody knows whether it was said, and spoils nothing', async () => {
    stage.discord.answerOnce('POST', followUps, { status: 200, reset: true })
    expect((await stage.post(slow)).messageId).toBe(ids.reply)
    expect(stage.calls('POST', followUps)).toHaveLength(1)
    expect(stage.calls('POST', channelMessages)).toEqual([])
    expect(stage.logged()).toContain('could not be called back')
  })

  test('not within the minute', async () => {
    await stage.post(exampleGeneration({ createdAt: stage.clock.now() - minute }))
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.noticesClaimed).toBe(0)
  })
})
