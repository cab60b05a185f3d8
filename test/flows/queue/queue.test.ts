import { describe, expect, it } from 'vitest'

import { createClock } from '../../../src/lib/clock.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { expectPaidOnce, film, minute, renderingClip, says } from '../../support/sandbox/clip-steps.ts'
import { endedCard, finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

describe('the queue', () => {
  it('updates the positions on waiting cards', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1' }, clock: createClock(10) })
    const { interaction } = await renderingClip(sandbox)
    const second = await film(sandbox, 'the second')
    await second.reply(says(/Next in the queue, ready in/))
    const third = await film(sandbox, 'the third')
    const waiting = await third.reply(says(/1 ahead of yours, ready in (under a minute|about \d+ min)\./))
    await sandbox.discord.member.press(await second.reply(), 'Cancel')
    await third.reply(says(/Next in the queue, ready in/))
    expect(waiting.text).toMatch(/Requested <t:\d+:R>/)
    sandbox.providers.fal.jobs.release('completion')
    await Promise.all([finishedCard(interaction), finishedCard(third)])
    await expectPaidOnce(sandbox, third)
  })

  it('refunds a request that waited for an hour', async () => {
    const clock = createSkippableClock()
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1', RENDER_DEADLINE_MINUTES: '600' }, clock })
    const { interaction } = await renderingClip(sandbox)
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Next in the queue/))
    clock.skip(61 * minute)
    const card = await endedCard(waiting, /Failed.*waited too long in the queue.*No charge\./s)
    expect(card.text).not.toContain('another boat')
    expect(readGeneration(sandbox, waiting)).toMatchObject({ state: 'failed', endReason: 'queue-overdue', ledger: 'reserve release' })
    sandbox.providers.fal.jobs.release('completion')
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })
})
