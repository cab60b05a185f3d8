import { describe, expect, it } from 'vitest'

import type { Generation } from '../../../src/generations/model/generation.ts'
import { createCheckPace } from '../../../src/generations/worker/check-pace.ts'
import { claimed as claimedState } from '../run/run-stage.ts'
import { temporaryDatabase } from '../../support/store/database.ts'

async function setUp() {
  let now = 1000
  const pace = createCheckPace({ now: () => now })
  const generation: Generation = await claimedState(await temporaryDatabase(), 'submitting')
  /** A check that takes no time. */
  const check = (claims: number, hasLeft: boolean) => {
    pace.begin()
    pace.end({ claimed: Array.from({ length: claims }, () => generation), hasLeft })
    return pace.remainingMs()
  }
  return { pace, check, advance: (milliseconds: number) => void (now += milliseconds) }
}

describe('the pace of checks', () => {
  it('lets a check follow at once on one that claimed all there was', async () => {
    const { pace, check } = await setUp()
    expect(pace.remainingMs()).toBe(0)
    expect([check(1, false), check(2, false)]).toEqual([0, 0])
  })

  it('slows checks that claim nothing down, to ten a second, until one claims something', async () => {
    const { check } = await setUp()
    expect([1, 2, 3, 4, 5].map(() => check(0, false))).toEqual([25, 50, 100, 100, 100])
    expect([check(1, false), check(0, true)]).toEqual([0, 25])
  })

  it('counts from the beginning of a check', async () => {
    const { pace, check, advance } = await setUp()
    check(0, false)
    advance(10)
    expect(pace.remainingMs()).toBe(15)
    advance(100)
    expect(pace.remainingMs()).toBe(0)
  })

  it('waits for busy providers, but not once a create call of this process is over', async () => {
    const { pace, check } = await setUp()
    expect(check(2, true)).toBe(25)
    pace.reset()
    expect(pace.remainingMs()).toBe(0)
    // Also one that ends while the check is under way: what it saw is outdated.
    pace.begin()
    pace.reset()
    pace.end({ claimed: [], hasLeft: true })
    expect(pace.remainingMs()).toBe(0)
    expect(check(0, true)).toBe(25)
  })

  it('is not stopped by a clock that is set back', async () => {
    const { pace, check, advance } = await setUp()
    check(0, false)
    advance(-60_000)
    expect(pace.remainingMs()).toBe(0)
  })
})
