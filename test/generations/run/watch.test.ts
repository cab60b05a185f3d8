import { getEventListeners } from 'node:events'

import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { FailOver } from '../../../src/generations/model/outcome.ts'
import { LeaseLost, Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { createTimers } from '../../../src/lib/timers.ts'
import type { GenerationRow } from '../../../src/storage/schema.ts'
import type { Status } from '../../../src/providers/provider.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'
import { failingReads } from '../../support/store/failing-reads.ts'
import { acceptedAt, completed, expectedMs, pending, renderDeadlineMs, watchJob } from './watch-stage.ts'

const clip = { prompt: 'a boat at dawn', durationSeconds: 5 } as const
const secondOf = ({ now }: { now: number }) => (now - acceptedAt) / 1000

describe.each(stores)('the card of a job that renders, on $name', (store) => {
  it('is current every five seconds; its progress is estimated from the time since the provider accepted the job', async () => {
    const { shown, pass } = await watchJob(await openStore(store), { after: 40, cancel: () => Promise.resolve('free') })
    await pass(12)
    const card = { expectedEndAt: acceptedAt + expectedMs, cannotCancel: false }
    expect(shown).toEqual([40, 45, 50].map((second) => ({ ...card, now: acceptedAt + second * 1000, progress: second / 100 })))
  })

  it('shows the position at the provider when it changes, and the latest progress that the provider told', async () => {
    const status = (seconds: number): Status => {
      if (seconds < 50) return { state: 'pending', position: 3 }
      if (seconds < 58) return { state: 'pending', position: 3, progress: 0.2 }
      return seconds < 66 ? { state: 'pending', progress: 0.3 } : pending
    }
    const { shown, pass } = await watchJob(await openStore(store), { after: 2, status })
    await pass(65)
    const cards = shown.map((live) => [secondOf(live), live.ahead, live.progress])
    expect(cards.slice(0, 3)).toEqual([
      [2, undefined, 0.02],
      [2, 3, 0.02],
      [7, 3, 0.07],
    ])
    expect(cards.slice(-6)).toEqual([
      [47, 3, 0.47],
      [52, 3, 0.2],
      [57, 3, 0.2],
      [58, undefined, 0.3],
      [62, undefined, 0.3],
      [67, undefined, 0.3],
    ])
  })
})

describe.each(stores)('the end of a job, on $name', (store) => {
  it('is its clip, and the time that it took is expected of the next one', async () => {
    const status = (seconds: number) => (seconds < 66 ? pending : completed)
    const { ended, pass, estimates, shown } = await watchJob(await openStore(store), { status })
    await pass(66)
    expect(await ended).toEqual(completed)
    expect(estimates.runMs('fal', clip)).toBe(66_000)
    const cards = shown.length
    await pass(10)
    expect(shown).toHaveLength(cards)
  })

  it('that is read at a recheck after the deadline says nothing about the time that clips take', async () => {
    const { ended, estimates } = await watchJob(await openStore(store), { after: renderDeadlineMs / 1000, status: () => completed })
    expect(await ended).toEqual(completed)
    expect(estimates.runMs('fal', clip)).toBe(expectedMs)
  })

  it('that nobody can read for want of the provider’s key is left to the operator', async () => {
    const { ended, shown } = await watchJob(await openStore(store), { context: { providers: new Map() } })
    expect(await ended).toMatchObject({ state: 'held', reason: 'auth', settlement: 'hold' })
    expect(shown).toEqual([])
  })

  it('that never comes is left to the operator at the deadline', async () => {
    const { ended, pass, isOver, polls, clock, notifier } = await watchJob(await openStore(store))
    await pass(1799)
    expect(isOver()).toBe(false)
    await pass(1)
    expect(await ended).toMatchObject({ state: 'held', reason: 'render-overdue', settlement: 'hold' })
    expect(polls.filter((second) => second >= 1800)).toEqual([])
    expect([clock.sleepers, notifier.listenedIds()]).toEqual([0, []])
  })

  it('that is an unbilled failure sends the request to a provider that was not asked yet', async () => {
    const error = new ProviderError({ provider: 'fal', kind: 'unavailable' })
    const status = () => ({ state: 'failed', error, billed: false }) as const
    const { ended } = await watchJob(await openStore(store), { after: 2, status, candidates: ['fal', 'replicate'] })
    const outcome = await ended
    expect(outcome).toBeInstanceOf(FailOver)
    expect(outcome).toMatchObject({ candidates: ['replicate'] })
  })

  it.each([
    [true, 'capture', 'refund'],
    [false, 'release', 'release'],
    [undefined, 'assume', 'assume'],
  ])(
    'that the provider reports as cancelled (billed: %s) is the member’s where one asked, else a failure',
    async (billed, asked, unasked) => {
      const database = await openStore(store)
      let isAsked = false
      const member = await watchJob(database, {
        cancel: () => {
          isAsked = true
          return Promise.resolve('unknown')
        },
        status: () => (isAsked ? { state: 'cancelled', billed } : pending),
      })
      await member.cancel()
      expect(await member.ended).toMatchObject({ state: 'cancelled', reason: 'cancelled-by-member', settlement: asked })
      const nobody = await watchJob(await openStore(store), { after: 2, status: () => ({ state: 'cancelled', billed }) })
      expect(await nobody.ended).toMatchObject({ state: 'failed', reason: 'unavailable', settlement: unasked })
    },
  )
})

describe.each(stores)('the card of a job that this process watches no more, on $name', (store) => {
  it('tells that the bot stops, and counts down no longer', async () => {
    const { pause, ended, shown, polls, clock, notifier } = await watchJob(await openStore(store), { after: 40 })
    const stopping = new Stopping()
    pause.abort(stopping)
    expect(await ended).toBe(stopping)
    expect(shown.at(-1)).toEqual({ now: acceptedAt + 40_000, cannotCancel: true, paused: true })
    expect([polls, clock.sleepers, notifier.listenedIds()]).toEqual([[40], 0, []])
  })

  it('is left alone after a lost lease', async () => {
    const { pause, ended, shown } = await watchJob(await openStore(store))
    const lost = new LeaseLost('the lease was lost')
    pause.abort(lost)
    expect(await ended).toBe(lost)
    expect(shown.filter(({ paused }) => paused)).toEqual([])
  })

  it.each<[string, Partial<GenerationRow>]>([
    ['belongs to another process', { owner: 'another-process' }],
    ['is on its way to the member', { state: 'delivering' }],
  ])('is left alone by a bot that stops while the generation %s', async (_, change) => {
    const database = await openStore(store)
    const { pause, ended, shown, id, lines } = await watchJob(database)
    await database.statements.updateTable('generations').set(change).where('id', '=', id).execute()
    pause.abort(new Stopping())
    expect(await ended).toBeInstanceOf(Stopping)
    expect([shown.filter(({ paused }) => paused), lines]).toEqual([[], []])
  })

  it('stays as it is where the store fails, and the bot stops all the same', async () => {
    const { database, fail } = failingReads(await openStore(store))
    const { pause, ended, shown, lines } = await watchJob(database)
    fail(true)
    pause.abort(new Stopping())
    expect(await ended).toBeInstanceOf(Stopping)
    expect(shown.filter(({ paused }) => paused)).toEqual([])
    expect(lines.join('')).toContain('a card could not show the restart')
  })
})

describe.each(stores)('many jobs in flight, on $name', (store) => {
  it('wait with one timer, and leave nothing behind at their ends', async () => {
    const clock = createManualClock(acceptedAt)
    const timers = createTimers(clock)
    const scenes = await Promise.all(Array.from({ length: 5 }, async () => watchJob(await openStore(store), { clock, timers })))
    await expect.poll(() => scenes.every(({ isWaiting }) => isWaiting())).toBe(true)
    expect([timers.size, clock.sleepers]).toEqual([5, 1])
    const listeners = () => scenes.map(({ pause }) => getEventListeners(pause.signal, 'abort').length)
    expect(listeners()).toEqual([1, 1, 1, 1, 1])
    for (const { pause } of scenes) pause.abort(new Stopping())
    await Promise.all(scenes.map(({ ended }) => ended))
    expect([timers.size, clock.sleepers, ...listeners()]).toEqual([0, 0, 0, 0, 0, 0, 0])
  })
})
