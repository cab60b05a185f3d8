import { expect, test } from 'vitest'

import { createTimers, Timed } from '../../src/lib/timers.ts'
import { createManualClock } from '../support/clocks/manual-clock.ts'

function setUp() {
  const clock = createManualClock(1000)
  const timers = createTimers(clock)
  const called: string[] = []
  class Named extends Timed {
    readonly #name: string
    readonly #then: () => void
    constructor(name: string, then: () => void = () => undefined) {
      super()
      this.#name = name
      this.#then = then
    }
    override onDue(): void {
      called.push(this.#name)
      this.#then()
    }
  }
  return { clock, timers, called, named: (name: string, then?: () => void) => new Named(name, then) }
}

test('each is called once, at its moment and in order, with one sleep of the clock for all', async () => {
  const { clock, timers, called, named } = setUp()
  // 7 and 31 have no common factor: every number from 0 to 30 once, in disorder.
  for (let index = 0; index < 31; index += 1) timers.set(named(String((index * 7) % 31)), 100 + ((index * 7) % 31))
  expect([clock.sleepers, timers.size]).toEqual([1, 31])
  await clock.advance(99)
  expect(called).toEqual([])
  for (let passed = 0; passed < 31; passed += 1) {
    await clock.advance(1)
    expect(called).toHaveLength(passed + 1)
  }
  expect(called).toEqual(Array.from({ length: 31 }, (_, index) => String(index)))
  expect([clock.sleepers, timers.size]).toEqual([0, 0])
})

test('one that is set again waits for the later moment only', async () => {
  const { clock, timers, called, named } = setUp()
  const moved = named('moved')
  timers.set(moved, 10)
  timers.set(named('other'), 20)
  timers.set(moved, 30)
  await clock.advance(29)
  expect(called).toEqual(['other'])
  await clock.advance(1)
  expect(called).toEqual(['other', 'moved'])
})

test('an earlier moment is not missed by a sleep under way', async () => {
  const { clock, timers, called, named } = setUp()
  timers.set(named('late'), 1000)
  timers.set(named('early'), 10)
  await clock.advance(10)
  expect(called).toEqual(['early'])
})

test('one that is cleared is not called, and the last one ends the sleep', async () => {
  const { clock, timers, called, named } = setUp()
  const all = ['a', 'b', 'c', 'd', 'e'].map((name) => named(name))
  for (const [index, timed] of all.entries()) timers.set(timed, 10 + index)
  for (const index of [1, 0, 3]) if (all[index]) timers.clear(all[index])
  await clock.advance(20)
  expect(called).toEqual(['c', 'e'])
  const [first] = all
  if (first) {
    timers.set(first, 10)
    timers.clear(first)
    timers.clear(first)
    timers.set(first, Infinity)
  }
  expect([clock.sleepers, timers.size]).toEqual([0, 0])
})

test('what is due may wait again, clear others and set new ones', async () => {
  const { clock, timers, called, named } = setUp()
  const gone = named('gone')
  const again = named('again', () => {
    timers.clear(gone)
    if (called.length < 3) timers.set(again, 5)
  })
  timers.set(again, 5)
  timers.set(gone, 6)
  for (let passed = 0; passed < 30; passed += 5) await clock.advance(5)
  expect(called).toEqual(['again', 'again', 'again'])
})

test('thousands that are due at once are called in several turns of the event loop', async () => {
  const { clock, timers, called, named } = setUp()
  for (let index = 0; index < 1000; index += 1) timers.set(named('one'), 10)
  await clock.advance(10)
  expect(called.length).toBeLessThanOrEqual(100)
  await expect.poll(() => called.length).toBe(1000)
  expect(clock.sleepers).toBe(0)
})

test('a clock that is set back delays nothing', async () => {
  const { clock, called, named } = setUp()
  let offset = 0
  const timers = createTimers({ now: () => clock.now() + offset, sleep: (milliseconds, options) => clock.sleep(milliseconds, options) })
  timers.set(named('first'), 100)
  timers.set(named('second'), 200)
  await clock.advance(50)
  offset = -3_600_000
  await clock.advance(50)
  expect(called).toEqual(['first'])
  await clock.advance(100)
  expect(called).toEqual(['first', 'second'])
})
