import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessage, channelMessages, clip, followUps, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()
const known = exampleGeneration({ state: 'delivering', messageId: ids.reply })

/** As a moderator does it. */
function deleteCard(): void {
  stage.discord.answerAlways('PATCH', reply, refusals.unknownMessage)
  stage.discord.answerAlways('PATCH', channelMessage, refusals.unknownMessage)
}

describe('a card that a moderator deleted', () => {
  test('gets no more progress, and the deletion is reported once', async () => {
    deleteCard()
    for (const state of ['queued', 'submitting', 'rendering'] as const) {
      stage.delivery.show(exampleGeneration({ state }), { now: stage.clock.now() })
      await stage.delivery.drain()
    }
    expect(stage.calls('PATCH', reply)).toHaveLength(1)
    expect(stage.deleted).toEqual([exampleGeneration().id])
  })

  test('is not taken for one that cannot be edited', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.missingPermissions)
    stage.delivery.show(exampleGeneration({ state: 'rendering', messageId: ids.reply }), { now: stage.clock.now() })
    await stage.delivery.drain()
    expect(stage.deleted).toEqual([])
  })

  test('is replaced by no message: the requester alone gets the link of the clip, once', async () => {
    deleteCard()
    expect(await stage.post({ ...known, createdAt: stage.clock.now() - 5 * minute })).toBeUndefined()
    const [notice, ...others] = stage.calls('POST', /./)
    expect(others).toEqual([])
    expect(notice?.path).toMatch(followUps)
    expect(notice?.body).toMatchObject({ flags: 64 })
    expect(notice?.body['content']).toContain(clip.url)
    expect(stage.notified).toBe(1)
  })

  test.each([
    ['after the token has expired', 15 * minute, undefined],
    ['if Discord refuses the private message', 0, refusals.unknownMessage],
  ])('is replaced by no message %s', async (_case, ago, refusal) => {
    await stage.clock.advance(ago)
    deleteCard()
    if (refusal) stage.discord.answerAlways('POST', followUps, refusal)
    expect(await stage.post(known)).toBeUndefined()
    expect(stage.calls('POST', channelMessages)).toEqual([])
    expect(stage.logged()).toContain('nothing is posted there again')
  })

  test('is not replaced by the message that announced the clip, if that is deleted, too', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', new RegExp(`/messages/${ids.reply}$`), refusals.archivedThread)
    stage.discord.answerAlways('PATCH', new RegExp(`/messages/${ids.fresh}$`), refusals.unknownMessage)
    expect(await stage.post(known)).toBeUndefined()
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })
})
