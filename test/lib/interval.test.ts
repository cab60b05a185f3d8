import { expect, it } from 'vitest'

import { createInterval } from '../../src/lib/interval.ts'

function intervalAt(start: number) {
  let now = start
  return { interval: createInterval(1000, { now: () => now }), pass: (milliseconds: number) => void (now += milliseconds) }
}

it('is due at first, then once in an interval', () => {
  const { interval, pass } = intervalAt(5000)
  expect([interval.remainingMs(), interval.take(), interval.take(), interval.remainingMs()]).toEqual([0, true, false, 1000])
  pass(999)
  expect([interval.take(), interval.remainingMs()]).toEqual([false, 1])
  pass(1)
  expect([interval.remainingMs(), interval.take(), interval.take()]).toEqual([0, true, false])
  pass(5000)
  expect([interval.remainingMs(), interval.take()]).toEqual([0, true])
})

it('is due at once after a reset, or when the clock was set back', () => {
  const { interval, pass } = intervalAt(5000)
  interval.take()
  interval.reset()
  expect([interval.take(), interval.take()]).toEqual([true, false])
  pass(-3_600_000)
  expect([interval.remainingMs(), interval.take(), interval.take()]).toEqual([0, true, false])
})
