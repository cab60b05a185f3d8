import { expect, it, onTestFinished } from 'vitest'

import { ProviderClock } from '../../../sandbox/providers/simulation/provider-clock.ts'
import { wallTimesOf } from './billed-jobs.ts'

/** Milliseconds that may pass between two readings of two clocks. */
const between = 100

it('times of the providers’ clock are converted to real time, whatever its speed', () => {
  const clock = new ProviderClock(60)
  onTestFinished(() => clock.close())
  clock.advance(3_600_000)
  const wallTimeOf = wallTimesOf(clock)
  const elapsed = (virtual: number) => wallTimeOf(clock.now() + virtual) - Date.now()
  expect(Math.abs(elapsed(0))).toBeLessThan(between)
  expect(Math.abs(elapsed(60_000) - 1000)).toBeLessThan(between)
  expect(Math.abs(elapsed(-60_000) + 1000)).toBeLessThan(between)
})
