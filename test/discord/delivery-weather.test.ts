import { describe, expect, test } from 'vitest'

import { refusals } from '../support/scripted-discord.ts'

import { channelMessage, followUps, minute, reply, useDeliveryStage } from './delivery-stage.ts'
import { exampleGeneration, ids } from './example-generation.ts'

const stage = useDeliveryStage()

/** As Discord asks to wait. */
function wait(seconds: number) {
  return { status: 429, body: { message: 'You are being rate limited.', retry_after: seconds, global: false }, headers: {} }
}

describe('a card in bad weather', () => {
  test('that Discord did not take is written again, later each time', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    stage.delivery.show(exampleGeneration({ state: 'queued' }), { now: stage.clock.now(), ahead: 2 })
    await stage.passPause(3000)
    await stage.discord.call('PATCH', reply, 1)
    await stage.passPause(5999)
    expect(stage.calls('PATCH', reply)).toHaveLength(2)
    await stage.passPause(1)
    const { body } = await stage.discord.call('PATCH', reply, 2)
    await stage.delivery.settle()
    expect(JSON.stringify(body)).toContain('2 ahead of yours.')
  })

  test('that has to wait does not hold up the clip', async () => {
    stage.discord.answerOnce('PATCH', reply, wait(3600))
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.discord.call('PATCH', reply)
    expect((await stage.post()).messageId).toBe(ids.reply)
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 1])
  })

  test('is not written a second time with the same words', async () => {
    const queued = exampleGeneration({ state: 'queued' })
    stage.delivery.show(queued, { now: stage.clock.now(), ahead: 1 })
    await stage.delivery.settle()
    stage.delivery.show(queued, { now: stage.clock.now() + minute, ahead: 1 })
    expect(stage.clock.sleepers).toBe(0)
    stage.delivery.show(queued, { now: stage.clock.now() + minute, ahead: 0 })
    await stage.passPause(3000)
    await stage.discord.call('PATCH', reply, 1)
    await stage.delivery.settle()
  })
})

describe('a clip that an earlier process may have posted', () => {
  const generation = exampleGeneration({
    state: 'delivering',
    messageId: ids.reply,
    outputUrl: 'https://host.example/secret-clip.mp4?a=1&b=2',
  })
  const standing = (id: string, components: unknown, attachments: unknown = []) => ({
    status: 200,
    body: { id, channel_id: ids.channel, author: { id: ids.application }, components, attachments },
  })
  const clip = [{ items: [{ media: { url: 'https://cdn.example/1/2/rushes-c0ffee42.mp4?ex=1' } }] }]

  test('is found in the reply, by token', async () => {
    stage.discord.answerOnce('GET', reply, standing(ids.reply, clip))
    expect(await stage.delivery.findPosted(generation)).toEqual({ channelId: ids.channel, messageId: ids.reply })
    expect(stage.calls('GET', reply)[0]?.authorization).toBeUndefined()
    // From now on nothing is written over it.
    stage.delivery.show({ ...generation, state: 'rendering' }, { now: stage.clock.now() })
    await stage.delivery.settle()
    expect(stage.calls('PATCH', reply)).toEqual([])
  })

  test('is found past the token, by the stored id', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerOnce('GET', channelMessage, standing(ids.fresh, [], [{ filename: 'rushes-c0ffee42.mp4' }]))
    expect(await stage.delivery.findPosted({ ...generation, messageId: ids.fresh })).toMatchObject({ messageId: ids.fresh })
    expect(stage.calls('GET', reply)).toEqual([])
  })

  test('is found as a link, too', async () => {
    stage.discord.answerOnce('GET', reply, standing(ids.reply, [{ components: [{ url: generation.outputUrl }] }]))
    expect(await stage.delivery.findPosted(generation)).toMatchObject({ messageId: ids.reply })
  })

  test('whose requester was not called yet, is called to it', async () => {
    stage.discord.answerOnce('GET', reply, standing(ids.reply, clip))
    await stage.delivery.findPosted({ ...generation, createdAt: stage.clock.now() - 2 * minute })
    expect(stage.calls('POST', followUps)).toHaveLength(1)
  })

  test.each([
    ['another clip stands there', standing(ids.reply, [{ content: 'rushes-00000000.mp4' }])],
    ['the reply is gone', refusals.unknownMessage],
    ['Discord is at fault', refusals.unavailable],
  ])('is not there where %s', async (_case, answer) => {
    stage.discord.answerAlways('GET', reply, answer)
    stage.discord.answerAlways('GET', channelMessage, answer)
    expect(await stage.delivery.findPosted(generation)).toBeUndefined()
    expect((await stage.post(generation)).messageId).toBe(ids.reply)
  })
})
