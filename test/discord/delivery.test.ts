import { describe, expect, test } from 'vitest'

import type { Generation } from '../../src/generations/model/generation.ts'
import { refusals } from '../support/scripted-discord.ts'

import { channelMessage, channelMessages, clip, followUps, minute, reply, useDeliveryStage } from './delivery-stage.ts'
import { exampleGeneration, ids } from './example-generation.ts'

const stage = useDeliveryStage()

describe('while the token lives', () => {
  test('progress edits the reply by token alone and remembers its id once', async () => {
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

  test('waits for the edit in flight, drops what waits, and shows nothing afterwards', async () => {
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

  test('posting again edits the same message again', async () => {
    const first = await stage.post()
    expect(await stage.post(exampleGeneration({ state: 'delivering', messageId: first.messageId }))).toEqual(first)
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })

  test.each([refusals.unavailable, { status: 200, reset: true }])(
    'an upload that breaks (%o) is sent once more after a pause',
    async (answer) => {
      stage.discord.answerOnce('PATCH', reply, answer)
      const posted = stage.post()
      await stage.passPause(2000)
      expect((await posted).messageId).toBe(ids.reply)
      expect(stage.calls('PATCH', reply)).toHaveLength(2)
    },
  )

  test('a failure that stays is told by codes alone, and a later try goes on', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    const failed = expect(stage.post()).rejects.toMatchObject({
      name: 'DeliveryError',
      permanent: false,
      message: 'the clip could not be posted (HTTP 503)',
    })
    await stage.passPause(2000)
    await failed
    expect((await stage.post()).messageId).toBe(ids.reply)
  })

  test('stops at once when it is told to', async () => {
    const release = stage.discord.hold('PATCH', reply)
    const stop = new AbortController()
    const posted = stage.delivery.post(exampleGeneration(), clip, { signal: stop.signal })
    await stage.discord.call('PATCH', reply)
    stop.abort(new Error('shutting down'))
    await expect(posted).rejects.toThrow('shutting down')
    release()
  })
})

describe('ending without a clip', () => {
  const failed = (change: Partial<Generation> = {}) => exampleGeneration({ state: 'failed', endReason: 'moderation', ...change })

  test('the card says it neutrally, the reason goes to the requester alone', async () => {
    await stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    const [card] = stage.calls('PATCH', reply)
    expect(JSON.stringify(card?.body)).toContain('Nothing was charged.')
    expect(JSON.stringify(card?.body)).not.toContain('safety rules')
    const [word] = stage.calls('POST', followUps)
    expect(word?.body).toMatchObject({ flags: 64, allowed_mentions: { parse: [] } })
    expect(word?.body['content']).toMatch(/safety rules[^]*Nothing was charged\.[^]*c0ffee42/)
  })

  test('past the token the card is edited by bot token, and nothing private is sent', async () => {
    await stage.clock.advance(15 * minute)
    await stage.delivery.postOutcome(failed({ messageId: ids.reply }), { now: stage.clock.now() })
    expect(stage.calls('PATCH', channelMessage)).toHaveLength(1)
    expect(stage.calls('POST', /./)).toEqual([])
  })

  test('where the card was deleted only the private word is left', async () => {
    stage.discord.answerAlways('PATCH', reply, refusals.unknownMessage)
    await stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    expect(stage.calls('POST', followUps)).toHaveLength(1)
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })

  test.each([
    ['failed', 'moderation', /Not made[^]*Nothing was charged\./],
    ['held', 'submission_unknown', /On hold[^]*stays set aside/],
  ] as const)('past the token a %s request whose card was deleted is told of in a small message', async (state, endReason, words) => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.unknownMessage)
    await stage.delivery.postOutcome(failed({ state, endReason, messageId: ids.reply }), { now: stage.clock.now() })
    expect(stage.calls('POST', /./)).toHaveLength(1)
    const [message] = stage.calls('POST', channelMessages)
    expect(JSON.stringify(message?.body)).toMatch(words)
    expect(JSON.stringify(message?.body)).not.toContain('safety rules')
    expect(message?.body).toMatchObject({ enforce_nonce: true, allowed_mentions: { parse: [], users: [ids.member] } })
    expect(message?.body['nonce']).not.toBe(exampleGeneration().id.slice(-25))
    expect(stage.remembered).toEqual([ids.fresh])
    expect(stage.noticesClaimed).toBe(1)
    // Told once, whoever comes next.
    await stage.delivery.postOutcome(failed({ state, endReason, messageId: ids.reply }), { now: stage.clock.now() })
    expect(stage.calls('POST', /./)).toHaveLength(1)
  })

  test('past the token a request that never got a card is told of, too; one that was cancelled is not', async () => {
    await stage.clock.advance(15 * minute)
    await stage.delivery.postOutcome(exampleGeneration({ state: 'cancelled', endReason: 'cancelled-by-member' }), {
      now: stage.clock.now(),
    })
    expect(stage.calls('POST', /./)).toEqual([])
    stage.noticesClaimed = 0
    await stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    expect(stage.calls('POST', channelMessages)).toHaveLength(1)
  })

  test('a void bot token leaves it untold, for later', async () => {
    await stage.clock.advance(15 * minute)
    stage.discord.answerAlways('PATCH', channelMessage, refusals.unauthorized)
    const untold = failed({ messageId: ids.reply })
    await stage.delivery.postOutcome(untold, { now: stage.clock.now() })
    // The client has dropped the token by now, and says so itself.
    await stage.delivery.postOutcome(untold, { now: stage.clock.now() })
    expect(stage.noticesClaimed).toBe(0)
    expect(stage.calls('POST', /./)).toEqual([])
  })

  test('is not said any more once the generation has moved on', async () => {
    stage.discord.answerOnce('PATCH', reply, refusals.unavailable)
    const held = exampleGeneration({ state: 'held', endReason: 'submission_unknown', endedAt: 1 })
    const ended = stage.delivery.postOutcome(held, { now: stage.clock.now() })
    await stage.discord.call('PATCH', reply)
    stage.stands = ({ state }) => state !== 'held'
    const posted = stage.post()
    await stage.passPause(1000)
    await Promise.all([ended, posted])
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 1])
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.noticesClaimed).toBe(0)
  })

  test('in two different ways is told one after the other, and the newer one is not taken for the older', async () => {
    const release = stage.discord.hold('PATCH', reply)
    const held = exampleGeneration({ state: 'held', endReason: 'submission_unknown', endedAt: 1 })
    const settled = failed({ endReason: 'settled-by-operator', endedAt: 2 })
    const ends = [held, held, settled].map((generation) => stage.delivery.postOutcome(generation, { now: stage.clock.now() }))
    await stage.discord.call('PATCH', reply)
    release()
    await Promise.all(ends)
    expect(stage.calls('PATCH', reply).map(({ body }) => /On hold|Not made/.exec(JSON.stringify(body))?.[0])).toEqual([
      'On hold',
      'Not made',
    ])
  })

  test('a reply that still says “thinking…” gets no follow-up, which would take its place for everyone to read', async () => {
    stage.discord.answerAlways('PATCH', reply, refusals.unavailable)
    const ended = stage.delivery.postOutcome(failed(), { now: stage.clock.now() })
    await stage.passPause(1000)
    await stage.passPause(4000)
    await ended
    expect(stage.calls('PATCH', reply)).toHaveLength(3)
    expect(stage.calls('POST', followUps)).toEqual([])
    expect(stage.logged()).toContain('"status":503')
  })

  test('a held card can still get its clip', async () => {
    await stage.delivery.postOutcome(exampleGeneration({ state: 'held', endReason: 'submission_unknown' }), { now: stage.clock.now() })
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.delivery.drain()
    await stage.post()
    expect(stage.calls('PATCH', reply).map(({ files }) => files.length)).toEqual([0, 0, 1])
  })
})
