import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/scripted-discord.ts'
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
    })
    expect(stage.calls('POST', channelMessages)).toHaveLength(2)
  })

  test('is not retried if it may have arrived, and does not fail the post', async () => {
    stage.discord.answerOnce('POST', followUps, { status: 200, reset: true })
    expect((await stage.post(slow)).messageId).toBe(ids.reply)
    expect(stage.calls('POST', followUps)).toHaveLength(1)
    expect(stage.calls('POST', channelMessages)).toEqual([])
    expect(stage.logged()).toContain('requester not mentioned')
  })

  test('does not happen within a minute', async () => {
    await stage.post(exampleGeneration({ createdAt: stage.clock.now() - minute }))
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.noticesClaimed).toBe(0)
  })
})
