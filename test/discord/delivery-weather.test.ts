import { describe, expect, test } from 'vitest'

import { refusals } from '../support/scripted-discord.ts'

import { channelMessage, clip as example, followUps, minute, reply, useDeliveryStage } from './delivery-stage.ts'
import { exampleGeneration, ids } from './example-generation.ts'

const stage = useDeliveryStage()

/** As Discord asks to wait. */
function wait(seconds: number) {
  return {
    status: 429,
    body: { message: 'You are being rate limited.', retry_after: seconds, global: false },
    headers: { 'retry-after': String(seconds) },
  }
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
    await stage.delivery.drain()
    expect(JSON.stringify(body)).toContain('2 ahead of yours.')
  })

  test('that has to wait does not hold up the clip', async () => {
    stage.discord.answerOnce('PATCH', reply, wait(3600))
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.discord.call('PATCH', reply)
    expect((await stage.post()).messageId).toBe(ids.reply)
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 1])
  })

  test('that waits for an hour is over at once when the bot is stopped', async () => {
    stage.discord.answerOnce('PATCH', reply, wait(3600))
    const stop = new AbortController()
    const posted = stage.delivery.post(exampleGeneration({ state: 'delivering' }), example, { signal: stop.signal })
    await stage.discord.call('PATCH', reply)
    // By a second way there and back the first answer has come.
    await fetch(`${stage.discord.api}/gateway/bot`)
    stop.abort(new Error('stopping'))
    await expect(posted).rejects.toThrow('stopping')
  })

  test('that waits behind other cards of its channel is called off for the clip, and never sent', async () => {
    await stage.clock.advance(15 * minute)
    const slow = { id: '0196a1b2c3d4e5f60718293a4b5c0001', messageId: '500000000000000011' }
    const release = stage.discord.hold('PATCH', /500000000000000011$/)
    stage.delivery.show(exampleGeneration(slow), { now: stage.clock.now() })
    await stage.discord.call('PATCH', channelMessage)
    const rendering = exampleGeneration({ messageId: ids.reply })
    stage.delivery.show(rendering, { now: stage.clock.now() })
    // It waits its turn by then.
    await stage.clock.advance(0)
    // While the first edit is still on its way.
    expect((await stage.post({ ...rendering, state: 'delivering' })).messageId).toBe(ids.reply)
    release()
    await stage.delivery.drain()
    expect(stage.calls('PATCH', channelMessage).map(({ path, files }) => [path.split('/').at(-1), files.length])).toEqual([
      [slow.messageId, 0],
      [ids.reply, 1],
    ])
  })

  test('is not written a second time with the same words', async () => {
    const queued = exampleGeneration({ state: 'queued' })
    stage.delivery.show(queued, { now: stage.clock.now(), ahead: 1 })
    await stage.delivery.drain()
    stage.delivery.show(queued, { now: stage.clock.now() + minute, ahead: 1 })
    expect(stage.clock.sleepers).toBe(0)
    stage.delivery.show(queued, { now: stage.clock.now() + minute, ahead: 0 })
    await stage.passPause(3000)
    await stage.discord.call('PATCH', reply, 1)
    await stage.delivery.drain()
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
    await stage.delivery.drain()
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
    ['the bot may not look', refusals.missingAccess],
  ])('is not there where %s', async (_case, answer) => {
    stage.discord.answerAlways('GET', reply, answer)
    stage.discord.answerAlways('GET', channelMessage, answer)
    expect(await stage.delivery.findPosted(generation)).toBeUndefined()
    expect((await stage.post(generation)).messageId).toBe(ids.reply)
  })

  test.each([refusals.unavailable, { status: 200, reset: true }])('is looked for once more after a fault (%o)', async (answer) => {
    stage.discord.answerOnce('GET', reply, answer)
    stage.discord.answerOnce('GET', reply, standing(ids.reply, clip))
    const found = stage.delivery.findPosted(generation)
    await stage.passPause(1000)
    expect(await found).toMatchObject({ messageId: ids.reply })
  })

  test('is not taken for absent while Discord is at fault', async () => {
    stage.discord.answerAlways('GET', reply, refusals.unavailable)
    stage.discord.answerOnce('GET', channelMessage, refusals.unknownMessage)
    const found = expect(stage.delivery.findPosted(generation)).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    await stage.passPause(1000)
    await found
  })

  test('is not taken for absent where Discord refuses the bot token', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('GET', channelMessage, refusals.unauthorized)
    await expect(stage.delivery.findPosted(generation)).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
    // From here on the client itself says that it has no token.
    await expect(stage.delivery.findPosted(generation)).rejects.toMatchObject({ name: 'DeliveryError', permanent: false })
  })
})
