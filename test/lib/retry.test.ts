import { describe, expect, it } from 'vitest'

import { exponential, retry } from '../../src/lib/retry.ts'
import { createInstantClock } from '../support/clocks/instant-clock.ts'

function failing(times: number, error = new Error('not yet')) {
  return (attempt: number) => (attempt <= times ? Promise.reject(error) : Promise.resolve(attempt))
}

describe('retry', () => {
  it('waits between attempts and returns the first result', async () => {
    const clock = createInstantClock()
    expect(await retry(failing(2), { delays: [100, 200, 300], clock })).toBe(3)
    expect(clock.waits).toEqual([100, 200])
  })

  it('throws the last error once the delays are used up', async () => {
    const clock = createInstantClock()
    await expect(retry(failing(9), { delays: [100], clock })).rejects.toThrow('not yet')
    expect(clock.waits).toEqual([100])
  })

  it('asks a function for each delay, with the attempt and its error', async () => {
    const clock = createInstantClock()
    const error = new Error('busy')
    const asked: unknown[] = []
    const delays = (attempt: number, cause: unknown) => (asked.push([attempt, cause]), attempt < 2 ? 50 : undefined)
    await expect(retry(failing(9, error), { delays, clock })).rejects.toBe(error)
    expect(asked).toEqual([
      [1, error],
      [2, error],
    ])
  })

  it('throws at once what must not be retried, even if the signal is aborted', async () => {
    const error = new Error('refused')
    const options = { delays: [100], clock: createInstantClock(), shouldRetry: () => false, signal: AbortSignal.abort(new Error('stop')) }
    await expect(retry(failing(9, error), options)).rejects.toBe(error)
  })

  it('announces a retry before its wait, and stops waiting when aborted', async () => {
    const stop = new AbortController()
    const announced: number[] = []
    const onRetry = (_error: unknown, attempt: number) => {
      announced.push(attempt)
      stop.abort(new Error('stop'))
    }
    await expect(retry(failing(9), { delays: () => 3_600_000, signal: stop.signal, onRetry })).rejects.toThrow('stop')
    expect(announced).toEqual([1])
  })
})

it('exponential delays double up to a limit', () => {
  expect([1, 2, 3, 4, 2000].map(exponential(250, 1000))).toEqual([250, 500, 1000, 1000, 1000])
})
