import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { longestEditMs } from '../../../src/generations/model/delivery-port.ts'
import { channelMessage, channelMessages, minute, reply, useDeliveryStage } from '../support/delivery-stage.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'

// As after SIGCONT or on a resumed machine: the time has passed, but no timer has run yet.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())
const wakeUpLate = () => void vi.advanceTimersByTime(longestEditMs)

const stage = useDeliveryStage()

/** The process is suspended when the store has just said that the card is current; another one moves the generation on meanwhile. */
function suspendAfterCheck(): void {
  let checks = 0
  stage.stands = () => {
    checks += 1
    if (checks === 1) wakeUpLate()
    return checks === 1
  }
}

describe('a process that was suspended', () => {
  test('after it had checked a card sends no outdated progress', async () => {
    suspendAfterCheck()
    stage.delivery.show(exampleGeneration({ state: 'rendering' }), { now: stage.clock.now() })
    await stage.delivery.drain()
    expect(stage.calls('PATCH', reply)).toEqual([])
  })

  test('while its edit waited behind other cards of the channel sends no outdated progress', async () => {
    await stage.clock.advance(15 * minute)
    const slow = exampleGeneration({ id: '0196a1b2c3d4e5f60718293a4b5c0001', messageId: '500000000000000011' })
    const release = stage.discord.hold('PATCH', /500000000000000011$/)
    stage.delivery.show(slow, { now: stage.clock.now() })
    await stage.discord.call('PATCH', channelMessage)
    stage.delivery.show(exampleGeneration({ messageId: ids.reply }), { now: stage.clock.now() })
    // Now it is in the queue.
    await stage.clock.advance(0)
    wakeUpLate()
    release()
    await stage.delivery.drain()
    expect(stage.calls('PATCH', channelMessage).map(({ path }) => path.split('/').at(-1))).toEqual([slow.messageId])
  })

  test('after it had checked a card sends no outdated outcome', async () => {
    suspendAfterCheck()
    const held = exampleGeneration({ state: 'held', endReason: 'submission_unknown', endedAt: stage.clock.now() })
    const posted = stage.delivery.postOutcome(held, { now: stage.clock.now() })
    await stage.passPause(1000)
    await posted
    expect(stage.calls('PATCH', reply)).toEqual([])
  })

  test('after it had checked a card posts no outdated outcome as a new message', async () => {
    await stage.clock.advance(15 * minute)
    const failed = exampleGeneration({ state: 'failed', endReason: 'moderation', endedAt: stage.clock.now() })
    let checks = 0
    stage.stands = () => {
      checks += 1
      // The first is for the edit of the card, which no route reaches.
      if (checks === 2) wakeUpLate()
      return checks <= 2
    }
    const posted = stage.delivery.postOutcome(failed, { now: stage.clock.now() })
    await stage.passPause(1000)
    await posted
    expect(stage.calls('POST', channelMessages)).toEqual([])
  })
})
