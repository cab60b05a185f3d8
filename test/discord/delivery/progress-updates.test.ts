import { describe, expect, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { channelMessage, clip, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

const stage = useDeliveryStage()

/** Discord's rate limit response. */
function rateLimited(seconds: number) {
  return {
    status: 429,
    body: { message: 'You are being rate limited.', retry_after: seconds, global: false },
    headers: { 'retry-after': String(seconds) },
  }
}

describe('progress on a card', () => {
  test('is retried after a fault of Discord, with growing delays', async () => {
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

  test('does not delay the clip when it is rate limited', async () => {
    stage.discord.answerOnce('PATCH', reply, rateLimited(3600))
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.discord.call('PATCH', reply)
    expect((await stage.post())?.messageId).toBe(ids.reply)
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 1])
  })

  test('ends at once with its clip when the bot is stopped during a rate limit', async () => {
    stage.discord.answerOnce('PATCH', reply, rateLimited(3600))
    const stop = new AbortController()
    const posted = stage.delivery.post(exampleGeneration({ state: 'delivering' }), clip, { signal: stop.signal })
    await stage.discord.call('PATCH', reply)
    // After another round trip the first response has arrived.
    await fetch(`${stage.discord.api}/gateway/bot`)
    stop.abort(new Error('stopping'))
    await expect(posted).rejects.toThrow('stopping')
  })

  test('is spaced between attempts at several providers', async () => {
    const show = (state: 'queued' | 'submitting', provider: string) =>
      stage.delivery.show(exampleGeneration({ state, provider }), { now: stage.clock.now() })
    for (const [index, state] of (['queued', 'submitting'] as const).entries()) {
      show(state, 'fal')
      await stage.discord.call('PATCH', reply, index)
      await stage.delivery.drain()
    }
    show('queued', 'fal')
    show('submitting', 'replicate')
    await stage.passPause(2999)
    // What would have been written by now is not replaced in the last millisecond.
    show('submitting', 'wavespeed')
    await stage.clock.advance(1)
    const { body } = await stage.discord.call('PATCH', reply, 2)
    expect(JSON.stringify(body)).toContain('WaveSpeed')
    await stage.delivery.drain()
  })

  test('is dropped for the clip while it waits behind other cards of its channel', async () => {
    await stage.clock.advance(15 * minute)
    const slow = { id: '0196a1b2c3d4e5f60718293a4b5c0001', messageId: '500000000000000011' }
    const release = stage.discord.hold('PATCH', /500000000000000011$/)
    stage.delivery.show(exampleGeneration(slow), { now: stage.clock.now() })
    await stage.discord.call('PATCH', channelMessage)
    const rendering = exampleGeneration({ messageId: ids.reply })
    stage.delivery.show(rendering, { now: stage.clock.now() })
    // Now it is in the queue.
    await stage.clock.advance(0)
    expect((await stage.post({ ...rendering, state: 'delivering' }))?.messageId).toBe(ids.reply)
    release()
    await stage.delivery.drain()
    expect(stage.calls('PATCH', channelMessage).map(({ path, files }) => [path.split('/').at(-1), files.length])).toEqual([
      [slow.messageId, 0],
      [ids.reply, 1],
    ])
  })

  test('that fails on many cards is logged in one line a minute, which tells how many they were', async () => {
    const fail = async (count: number) => {
      for (let index = 0; index < count; index += 1) {
        stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
        stage.delivery.show(exampleGeneration({ id: `0196a1b2c3d4e5f60718293a4b5c00${calls + 10}` }), { now: stage.clock.now() })
        await stage.discord.call('PATCH', reply, calls)
        calls += 1
      }
      await stage.delivery.drain()
    }
    let calls = 0
    await fail(3)
    await stage.clock.advance(minute)
    await fail(1)
    const lines = stage.logged().split('\n')
    const counts = lines.flatMap((line) => /"count":(\d+).*progress updates failed/.exec(line)?.[1] ?? [])
    expect(counts).toEqual(['1', '3'])
  })

  test('is not written twice with the same content', async () => {
    const queued = exampleGeneration({ state: 'queued' })
    stage.delivery.show(queued, { now: stage.clock.now(), ahead: 1 })
    await stage.delivery.drain()
    stage.delivery.show(queued, { now: stage.clock.now() + minute, ahead: 1 })
    await stage.passPause(3000)
    stage.delivery.show(queued, { now: stage.clock.now() + minute, ahead: 0 })
    await stage.passPause(3000)
    const { body } = await stage.discord.call('PATCH', reply, 1)
    await stage.delivery.drain()
    expect(JSON.stringify(body)).toContain('Next in the queue.')
    expect(stage.calls('PATCH', reply)).toHaveLength(2)
  })
})
