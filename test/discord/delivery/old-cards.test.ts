import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessage, channelMessages, minute, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()

// Discord limits edits of messages that are older than an hour. By then the token has expired.
describe('a card that is older than an hour', () => {
  /** Shows the place in the queue: the token has expired, and the message is known. */
  const show = (ahead: number) =>
    stage.delivery.show(exampleGeneration({ state: 'queued', messageId: ids.reply }), { now: stage.clock.now(), ahead })

  /** What would have been written before the end of the pause is not replaced in the last millisecond. */
  async function expectPause(milliseconds: number): Promise<void> {
    await stage.discord.call('PATCH', channelMessage)
    show(2)
    await stage.passPause(milliseconds - 1)
    show(1)
    await stage.clock.advance(1)
    const { body } = await stage.discord.call('PATCH', channelMessage, 1)
    expect(JSON.stringify(body)).toContain('1 ahead of yours.')
    await stage.delivery.drain()
  }

  test('is written once a minute', async () => {
    await stage.clock.advance(61 * minute)
    show(3)
    await expectPause(minute)
  })

  test('waits ten minutes when Discord takes no more edits, and goes on', async () => {
    await stage.clock.advance(61 * minute)
    stage.discord.answerOnce('PATCH', channelMessage, refusals.tooManyOldEdits)
    show(3)
    await expectPause(10 * minute)
  })
  test('that was edited too often is tried once, and the clip comes in a new message', async () => {
    await stage.clock.advance(61 * minute)
    stage.discord.answerAlways('PATCH', new RegExp(`/messages/${ids.reply}$`), refusals.tooManyOldEdits)
    const posted = await stage.post(exampleGeneration({ state: 'delivering', messageId: ids.reply }))
    expect(posted).toEqual({ channelId: ids.channel, messageId: ids.fresh })
    expect(stage.calls('PATCH', channelMessage).map(({ path, files }) => [path.split('/').at(-1), files.length])).toEqual([
      [ids.reply, 1],
      [ids.fresh, 1],
    ])
  })

  test('that was edited too often is tried once, and its outcome is announced in a new message', async () => {
    await stage.clock.advance(61 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.tooManyOldEdits)
    const failed = exampleGeneration({ state: 'failed', endReason: 'moderation', messageId: ids.reply })
    await stage.delivery.postOutcome(failed, { now: stage.clock.now() })
    expect([stage.calls('PATCH', channelMessage).length, stage.calls('POST', channelMessages).length]).toEqual([1, 1])
    expect(stage.notified).toBe(1)
  })
})
