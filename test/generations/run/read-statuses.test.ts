import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { latestAttempt } from '../../../src/generations/store/attempts.ts'
import { recordWebhookEvent } from '../../../src/generations/store/webhook-events.ts'
import { createKeyedLimit } from '../../../src/lib/concurrency/keyed-limit.ts'
import type { CallOptions, Status } from '../../../src/providers/provider.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { completed, pending, watchJob } from './watch-stage.ts'

const failure = (retryAfterMs?: number) => new ProviderError({ provider: 'fal', kind: 'unavailable', httpStatus: 503, retryAfterMs })
const overdue = { state: 'held', reason: 'render-overdue' }
const webhooks = { webhookUrlOf: () => 'https://bot.example/webhooks/fal' }

// eslint-disable-next-line @typescript-eslint/require-await -- a stream that has everything at once
async function* streamOf(...states: readonly (Status | Error)[]): AsyncGenerator<Status> {
  for (const state of states) {
    if (state instanceof Error) throw state
    yield state
  }
}

/** Reports nothing until it is aborted. */
// eslint-disable-next-line require-yield -- see above
async function* silentStream({ signal }: CallOptions): AsyncGenerator<Status> {
  await aborted(signal)
}

function aborted(signal: AbortSignal, error?: Error): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(error ?? (signal.reason as Error))))
}

describe.each(stores)('the status of a job, on $name', (store) => {
  it('is first read at half the time that such jobs take, and most often when it is usually done', async () => {
    const { polls, pass } = await watchJob(await openStore(store))
    await pass(86)
    expect(polls).toEqual([50, 58, 66, 74, 82, 84, 86])
  })

  it.each([
    ['the moment before', 1, []],
    ['earlier, as after a restart', 1.001, [1.001]],
  ])('of a job accepted %s', async (_, after, expected) => {
    const { polls } = await watchJob(await openStore(store), { after })
    expect(polls).toEqual(expected)
  })

  it('is read at once where the webhook overtook the create response', async () => {
    const database = await openStore(store)
    const { polls, ended } = await watchJob(database, {
      context: webhooks,
      status: () => completed,
      before: async ({ id }) => {
        const attempt = await latestAttempt(database.statements, id)
        if (attempt) await recordWebhookEvent(database.statements, attempt, { deliveryId: 'one', operation: { id: 'job' } }, 1)
      },
    })
    expect(await ended).toEqual(completed)
    expect(polls).toEqual([0])
  })

  it('is read when a webhook arrives, and otherwise only when the job should be done', async () => {
    const stage = await watchJob(await openStore(store), { context: webhooks, stream: () => streamOf(completed) })
    await stage.pass(30)
    expect(stage.polls).toEqual([])
    stage.notifier.notify(stage.id)
    await expect.poll(() => stage.polls).toEqual([30])
    await stage.pass(95)
    expect([stage.polls, stage.streams]).toEqual([[30, 100, 125], []])
  })

  it.each([
    ['as usual', undefined, 50],
    ['no sooner than usual', 5000, 50],
    ['no sooner than the provider wants', 60_000, 62],
  ])('is read again after a failure, %s', async (_, retryAfterMs, second) => {
    const status = (seconds: number) => (seconds < 3 ? Promise.reject(failure(retryAfterMs)) : completed)
    const { polls, pass, ended, lines, isOver } = await watchJob(await openStore(store), { after: 2, status })
    await pass(second - 3)
    expect(isOver()).toBe(false)
    await pass(1)
    expect(await ended).toEqual(completed)
    expect(polls).toEqual([2, second])
    expect(lines.join('')).toContain('reading the job failed; trying again')
  })

  it('is read no more at the deadline, however long the provider wants us to wait', async () => {
    const status = () => Promise.reject(failure(60 * 60_000))
    const { polls, pass, ended } = await watchJob(await openStore(store), { after: 1790, status })
    await pass(10)
    expect(await ended).toMatchObject(overdue)
    expect(polls).toEqual([1790])
  })

  it('ends the watch where a fault of ours makes it unreadable', async () => {
    const fault = new TypeError('not a function')
    const { ended, lines } = await watchJob(await openStore(store), { after: 2, status: () => Promise.reject(fault) })
    expect(await ended).toBe(fault)
    expect(lines).toEqual([])
  })

  it('being read while the bot stops is aborted, which is no failure of the provider', async () => {
    const status = (_: number, { signal }: CallOptions) => aborted(signal, failure())
    const { pause, ended, lines } = await watchJob(await openStore(store), { after: 2, status })
    pause.abort(new Stopping())
    expect(await ended).toBeInstanceOf(Stopping)
    expect(lines).toEqual([])
  })
})

describe.each(stores)('jobs that are due together, on $name', (store) => {
  it('are read a few at a time, one with a webhook first; one that is cancelled meanwhile does not wait', async () => {
    const reads = createKeyedLimit(1)
    const answers: (() => void)[] = []
    const status = (_: number, { signal }: CallOptions) => {
      const answered = new Promise<Status>((resolve) => answers.push(() => resolve(pending)))
      return Promise.race([answered, aborted(signal)])
    }
    const scenes: Awaited<ReturnType<typeof watchJob>>[] = []
    for (const after of [2, 3, 4, 5])
      scenes.push(await watchJob(await openStore(store), { after, status, reads, cancel: () => Promise.resolve('free') }))
    const [first, second, webhook, cancelled] = scenes
    const polled = () => scenes.map(({ polls }) => polls.length)
    expect(polled()).toEqual([1, 0, 0, 0])
    webhook?.notifier.notify(webhook.id)
    await cancelled?.cancel()
    expect(await cancelled?.ended).toMatchObject({ state: 'cancelled', settlement: 'release' })
    answers.shift()?.()
    await expect.poll(polled).toEqual([1, 0, 1, 0])
    answers.shift()?.()
    await expect.poll(polled).toEqual([1, 1, 1, 0])
    expect([first?.isOver(), second?.isOver()]).toEqual([false, false])
  })
})

describe.each(stores)('a provider’s stream of states, on $name', (store) => {
  it('replaces the polls', async () => {
    const stream = () => streamOf({ state: 'pending', position: 2 }, { state: 'pending', progress: 0.5 }, completed)
    const { ended, polls, shown } = await watchJob(await openStore(store), { stream })
    expect(await ended).toEqual(completed)
    expect([polls, shown.map(({ ahead }) => ahead)]).toEqual([[], [undefined, 2, undefined]])
  })

  it('that ends before the job is followed by a read of the status, and opened again when it is time', async () => {
    const { polls, streams, pass } = await watchJob(await openStore(store), { stream: () => streamOf(pending) })
    await expect.poll(() => polls).toEqual([0])
    await pass(50)
    expect([polls, streams]).toEqual([
      [0, 50],
      [0, 50],
    ])
  })

  it('that breaks is opened again, no sooner than the provider wants', async () => {
    const stage = await watchJob(await openStore(store), { stream: () => streamOf(pending, failure(55_000)) })
    await expect.poll(stage.isWaiting).toBe(true)
    await stage.pass(54)
    expect([stage.polls, stage.streams]).toEqual([[], [0]])
    await stage.pass(1)
    expect([stage.polls, stage.streams]).toEqual([[], [0, 55]])
  })

  it.each([
    ['that is there by then', completed, completed],
    ['that is still missing, and the job is left to the operator', pending, overdue],
  ])('that reports nothing is ended by the deadline; the status is read once for a clip %s', async (_, status, expected) => {
    const { ended, pass, polls, streams } = await watchJob(await openStore(store), { stream: silentStream, status: () => status })
    await pass(1799)
    expect(polls).toEqual([])
    await pass(1)
    expect(await ended).toMatchObject(expected)
    expect([polls, streams]).toEqual([[1800], [0]])
  })

  it('is closed when the bot stops', async () => {
    const { pause, ended, polls } = await watchJob(await openStore(store), { stream: silentStream })
    pause.abort(new Stopping())
    expect(await ended).toBeInstanceOf(Stopping)
    expect(polls).toEqual([])
  })
})
