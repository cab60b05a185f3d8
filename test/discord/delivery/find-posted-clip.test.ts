import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessage, followUps, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()

describe('a clip that an earlier process may have posted', () => {
  const generation = exampleGeneration({
    state: 'delivering',
    messageId: ids.reply,
    outputUrl: 'https://host.example/secret-clip.mp4?a=1&b=2',
  })
  const messageWith = (id: string, components: unknown, attachments: unknown = []) => ({
    status: 200,
    body: { id, channel_id: ids.channel, author: { id: ids.application }, components, attachments },
  })
  const clip = [{ items: [{ media: { url: 'https://cdn.example/1/2/rushes-c0ffee42.mp4?ex=1' } }] }]

  test('is found in the reply by token', async () => {
    stage.discord.answerOnce('GET', reply, messageWith(ids.reply, clip))
    expect(await stage.delivery.findPosted(generation)).toEqual({ channelId: ids.channel, messageId: ids.reply })
    expect(stage.calls('GET', reply)[0]?.authorization).toBeUndefined()
    // Progress no longer replaces it.
    stage.delivery.show({ ...generation, state: 'rendering' }, { now: stage.clock.now() })
    await stage.delivery.drain()
    expect(stage.calls('PATCH', reply)).toEqual([])
  })

  test('is found by its stored id after the token expired', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('GET', channelMessage, messageWith(ids.fresh, [], [{ filename: 'rushes-c0ffee42.mp4' }]))
    expect(await stage.delivery.findPosted({ ...generation, messageId: ids.fresh })).toMatchObject({ messageId: ids.fresh })
    expect(stage.calls('GET', reply)).toEqual([])
  })

  test('is found as a link', async () => {
    stage.discord.answerOnce('GET', reply, messageWith(ids.reply, [{ components: [{ url: generation.outputUrl }] }]))
    expect(await stage.delivery.findPosted(generation)).toMatchObject({ messageId: ids.reply })
  })

  test('is mentioned to its requester if that has not happened yet', async () => {
    stage.discord.answerOnce('GET', reply, messageWith(ids.reply, clip))
    await stage.delivery.findPosted({ ...generation, createdAt: stage.clock.now() - 2 * minute })
    expect(stage.calls('POST', followUps)).toHaveLength(1)
  })

  test.each([
    ['the message shows another clip', messageWith(ids.reply, [{ content: 'rushes-00000000.mp4' }])],
    ['the reply is gone', refusals.unknownMessage],
    ['the bot has no access', refusals.missingAccess],
  ])('is not found if %s', async (_case, response) => {
    stage.discord.answerAlways('GET', reply, response)
    stage.discord.answerAlways('GET', channelMessage, response)
    expect(await stage.delivery.findPosted(generation)).toBeUndefined()
    expect((await stage.post(generation))?.messageId).toBe(ids.reply)
  })

  test.each([refusals.unavailable, { status: 200, reset: true }])('is found by a retry after a fault (%o)', async (response) => {
    stage.discord.answerOnce('GET', reply, response)
    stage.discord.answerOnce('GET', reply, messageWith(ids.reply, clip))
    const found = stage.delivery.findPosted(generation)
    await stage.passPause(1000)
    expect(await found).toMatchObject({ messageId: ids.reply })
  })

  test('is unknown while Discord has a fault', async () => {
    stage.discord.answerAlways('GET', reply, refusals.unavailable)
    stage.discord.answerOnce('GET', channelMessage, refusals.unknownMessage)
    const found = expect(stage.delivery.findPosted(generation)).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    await stage.passPause(1000)
    await found
  })

  test('is unknown if Discord rejects the bot token', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('GET', channelMessage, refusals.unauthorized)
    await expect(stage.delivery.findPosted(generation)).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    // The client has dropped the token and rejects the call itself.
    await expect(stage.delivery.findPosted(generation)).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
  })
})
