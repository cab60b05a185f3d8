import { expect, it, onTestFinished } from 'vitest'

import { wallTimesOf } from '../chaos/orders.ts'
import { ProviderClock } from '../../sandbox/providers/simulation/provider-clock.ts'

/** Milliseconds that may pass between two looks at two clocks. */
const between = 100

it('the providers’ times are told by the wall, whatever the speed of their clock, so that they compare with what the bot wrote down', () => {
  const clock = new ProviderClock(60)
  onTestFinished(() => clock.close())
  clock.advance(3_600_000)
  const wallTimeOf = wallTimesOf(clock)
  const elapsed = (virtual: number) => wallTimeOf(clock.now() + virtual) - Date.now()
  expect(Math.abs(elapsed(0))).toBeLessThan(between)
  expect(Math.abs(elapsed(60_000) - 1000)).toBeLessThan(between)
  expect(Math.abs(elapsed(-60_000) + 1000)).toBeLessThan(between)
})
