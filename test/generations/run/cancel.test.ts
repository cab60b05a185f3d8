import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { requestCancel } from '../../../src/generations/store/generations.ts'
import type { CancelOutcome, Status } from '../../../src/providers/provider.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { failingReads } from '../../support/store/failing-reads.ts'
import { acceptedAt, completed, pending, watchJob } from './watch-stage.ts'

const unavailable = new ProviderError({ provider: 'fal', kind: 'unavailable' })
const byMember = { state: 'cancelled', reason: 'cancelled-by-member' }

/** A provider that answers the cancel when the test says so. */
function slowAnswer() {
  const { promise, resolve } = Promise.withResolvers<CancelOutcome>()
  let calls = 0
  return {
    calls: () => calls,
    answer: resolve,
    cancel: () => {
      calls += 1
      return promise
    },
  }
}

function kindsOf(lines: readonly string[]): unknown[] {
  const refusals = lines.filter((line) => line.includes('did not accept the cancel request'))
  return refusals.map((line) => (JSON.parse(line) as { kind: unknown }).kind)
}

describe.each(stores)('a cancel request for a running job, on $name', (store) => {
  it.each([
    ['free', 'release'],
    ['billed', 'capture'],
  ] as const)('that the provider says is %s ends the job at once', async (answer, settlement) => {
    const { cancel, ended, notifier, clock } = await watchJob(await openStore(store), { cancel: () => Promise.resolve(answer) })
    await cancel()
    expect(await ended).toMatchObject({ ...byMember, settlement })
    expect([notifier.listenedIds(), clock.sleepers, clock.now()]).toEqual([[], 0, acceptedAt])
  })

  it.each(['requester', 'moderator'] as const)('by the %s is on the card before the provider answers', async (by) => {
    const { cancel: ask, calls, answer } = slowAnswer()
    const { cancel, shown, cancelShown, ended } = await watchJob(await openStore(store), { cancel: ask })
    expect(shown.at(-1)).toMatchObject({ cannotCancel: false })
    await cancel(by)
    await cancelShown()
    expect(shown.at(-1)).toMatchObject({ cancelledBy: by, cancelRefused: false, cannotCancel: false, now: acceptedAt })
    expect(calls()).toBe(1)
    answer('free')
    await ended
  })

  it('without a clear answer is decided by the job’s status, which is read at once and then every three seconds', async () => {
    const { cancel: ask, answer } = slowAnswer()
    const status = (seconds: number): Status => (seconds < 6 ? pending : { state: 'cancelled', billed: true })
    const { cancel, cancelShown, polls, pass, shown, ended } = await watchJob(await openStore(store), { cancel: ask, status })
    await cancel()
    await cancelShown()
    expect(polls).toEqual([0])
    answer('unknown')
    await expect.poll(() => polls).toEqual([0, 0])
    await pass(6)
    expect(await ended).toMatchObject({ ...byMember, settlement: 'capture' })
    expect(polls).toEqual([0, 0, 3, 6])
    expect(shown.filter(({ cancelRefused }) => cancelRefused)).toEqual([])
  })

  it.each([
    ['answers with an error', unavailable, 'unavailable'],
    ['fails by a fault of ours', new Error('no such method'), 'internal'],
  ])('at a provider that %s is tried three times, then shown as refused, and the clip is made', async (_, error, kind) => {
    const tries: number[] = []
    const stage = await watchJob(await openStore(store), {
      cancel: () => {
        tries.push((stage.clock.now() - acceptedAt) / 1000)
        return Promise.reject(error)
      },
      status: (seconds) => (seconds < 9 ? pending : completed),
    })
    await stage.cancel()
    // The card with the next poll, and the next try.
    await expect.poll(() => tries.length > 0 && stage.isWaiting() && stage.clock.sleepers).toBe(2)
    await stage.pass(2)
    expect([tries, stage.shown.at(-1)?.cancelRefused]).toEqual([[0, 1], false])
    await stage.pass(1)
    expect([tries, stage.shown.at(-1)?.cancelRefused]).toEqual([[0, 1, 3], true])
    expect(kindsOf(stage.lines)).toEqual([kind, kind, kind])
    await stage.pass(6)
    expect(await stage.ended).toEqual(completed)
    expect(tries).toEqual([0, 1, 3])
  })

  it('whose answer was lost is made again', async () => {
    let [tries, isEnded] = [0, false]
    const stage = await watchJob(await openStore(store), {
      cancel: () => {
        tries += 1
        if (tries === 1) return Promise.reject(new ProviderError({ provider: 'fal', kind: 'timeout' }))
        isEnded = true
        return Promise.resolve('unknown')
      },
      status: () => (isEnded ? { state: 'cancelled', billed: false } : pending),
    })
    await stage.cancel()
    await expect.poll(() => tries > 0 && stage.isWaiting() && stage.clock.sleepers).toBe(2)
    await stage.pass(1)
    expect(await stage.ended).toMatchObject({ ...byMember, settlement: 'release' })
    expect([tries, kindsOf(stage.lines)]).toEqual([2, ['timeout']])
  })

  it('at a provider that cannot cancel is shown as refused at once', async () => {
    const { cancel, shown, lines, clock, ended, pass } = await watchJob(await openStore(store), {
      status: (seconds) => (seconds < 3 ? pending : completed),
    })
    expect(shown.at(-1)).toMatchObject({ cannotCancel: true })
    await cancel()
    await expect.poll(() => shown.at(-1)?.cancelRefused).toBe(true)
    expect([shown.at(-1)?.cancelledBy, clock.now(), kindsOf(lines)]).toEqual(['requester', acceptedAt, []])
    await pass(3)
    expect(await ended).toEqual(completed)
  })

  it('that an earlier process did not forward is forwarded by this one', async () => {
    const database = await openStore(store)
    const { ended } = await watchJob(database, {
      cancel: () => Promise.resolve('free'),
      before: ({ id }) => requestCancel(database.statements, id, { by: 'moderator', now: acceptedAt }),
    })
    expect(await ended).toMatchObject({ ...byMember, settlement: 'release' })
  })

  it('is forwarded at the next notification where the store failed at the first', async () => {
    const healthy = await openStore(store)
    const { database, fail } = failingReads(healthy)
    const { lines, ended, notifier, id } = await watchJob(database, { cancel: () => Promise.resolve('free') })
    await requestCancel(healthy.statements, id, { by: 'requester', now: acceptedAt })
    fail(true)
    notifier.notify(id)
    await expect.poll(() => lines.filter((line) => line.includes('checking for a cancel request failed'))).toHaveLength(1)
    fail(false)
    notifier.notify(id)
    expect(await ended).toMatchObject(byMember)
  })
})

describe.each(stores)('a job that nobody cancels, on $name', (store) => {
  it('is never cancelled at its provider, neither by another notification nor at its end', async () => {
    const { cancel, calls } = slowAnswer()
    const stage = await watchJob(await openStore(store), { cancel, status: (seconds) => (seconds < 50 ? pending : completed) })
    stage.notifier.notify(stage.id)
    await stage.pass(50)
    expect(await stage.ended).toEqual(completed)
    expect([calls(), stage.shown.filter(({ cancelRefused }) => cancelRefused !== undefined)]).toEqual([0, []])
    expect([stage.notifier.listenedIds(), stage.clock.sleepers]).toEqual([[], 0])
  })
})

describe.each(stores)('a cancel call under way while the bot stops, on $name', (store) => {
  it('is aborted, which is no refusal by the provider', async () => {
    const asked = Promise.withResolvers<undefined>()
    const { cancel, pause, ended, lines, shown } = await watchJob(await openStore(store), {
      cancel: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
          asked.resolve(undefined)
        }),
    })
    await cancel()
    await asked.promise
    pause.abort(new Stopping())
    expect(await ended).toBeInstanceOf(Stopping)
    expect([kindsOf(lines), shown.at(-1)?.paused]).toEqual([[], true])
  })

  it('is waited for where it does not end, and what it answers then changes the card no more', async () => {
    const { cancel: ask, calls, answer } = slowAnswer()
    const { cancel, pause, ended, isOver, shown } = await watchJob(await openStore(store), { cancel: ask })
    await cancel()
    await expect.poll(calls).toBe(1)
    pause.abort(new Stopping())
    await expect.poll(() => shown.at(-1)?.paused).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver()).toBe(false)
    answer('unsupported')
    expect(await ended).toBeInstanceOf(Stopping)
    expect(shown.at(-1)).toMatchObject({ paused: true, cancelledBy: 'requester' })
  })
})
