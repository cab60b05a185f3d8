import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessages, clip, followUps, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()

describe('while the token is valid', () => {
  test('progress edits the reply by token alone and stores its id once', async () => {
    stage.delivery.show(exampleGeneration({ state: 'queued' }), { now: stage.clock.now(), ahead: 1 })
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    const second = await stage.discord.call('PATCH', reply, 1)
    await stage.delivery.drain()
    expect(second.authorization).toBeUndefined()
    expect(second.body).toMatchObject({ flags: 1 << 15, allowed_mentions: { parse: [] } })
    expect(second.body).not.toHaveProperty('content')
    expect(stage.remembered).toEqual([ids.reply])
  })

  test('the clip replaces the card as its only, listed file', async () => {
    expect(await stage.post()).toEqual({ channelId: ids.channel, messageId: ids.reply })
    const [edit] = stage.calls('PATCH', reply)
    expect(edit?.authorization).toBeUndefined()
    expect(edit?.files).toMatchObject([{ field: 'files[0]', name: 'rushes-c0ffee42.mp4', type: 'video/mp4' }])
    expect(edit?.files[0]?.bytes).toEqual(clip.bytes)
    expect(edit?.body).toMatchObject({ attachments: [{ id: '0', filename: 'rushes-c0ffee42.mp4' }] })
    expect(JSON.stringify(edit?.body)).toContain('attachment://rushes-c0ffee42.mp4')
    expect(stage.calls('POST', followUps)).toEqual([])
  })

  test('the clip waits for the edit in flight, and no progress follows it', async () => {
    const release = stage.discord.hold('PATCH', reply)
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.discord.call('PATCH', reply)
    stage.delivery.show(exampleGeneration({ state: 'delivering' }), { now: stage.clock.now() })
    const posted = stage.post()
    expect(stage.calls('PATCH', reply)).toHaveLength(1)
    release()
    await posted
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.delivery.drain()
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 1])
  })

  test('a repeated post edits the same message', async () => {
    const first = await stage.post()
    expect(await stage.post(exampleGeneration({ state: 'delivering', messageId: first?.messageId }))).toEqual(first)
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })

  test.each([refusals.unavailable, { status: 200, reset: true }])(
    'a failed upload (%o) is retried once after a pause',
    async (response) => {
      stage.discord.answerOnce('PATCH', reply, response)
      const posted = stage.post()
      await stage.passPause(2000)
      expect((await posted)?.messageId).toBe(ids.reply)
      expect(stage.calls('PATCH', reply)).toHaveLength(2)
    },
  )

  test('a lasting failure is described by codes alone, and a later post succeeds', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    const failed = expect(stage.post()).rejects.toMatchObject({
      name: 'DeliveryError',
      permanent: false,
      message: 'clip not posted (HTTP 503)',
    })
    await stage.passPause(2000)
    await failed
    expect((await stage.post())?.messageId).toBe(ids.reply)
  })

  test('an abort ends the upload at once', async () => {
    const release = stage.discord.hold('PATCH', reply)
    const stop = new AbortController()
    const posted = stage.delivery.post(exampleGeneration(), clip, { signal: stop.signal })
    await stage.discord.call('PATCH', reply)
    stop.abort(new Error('shutting down'))
    await expect(posted).rejects.toThrow('shutting down')
    release()
  })
})
