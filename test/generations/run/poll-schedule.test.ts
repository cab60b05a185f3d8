import { describe, expect, it } from 'vitest'

import { nextPollInMs, fallbackPollInMs } from '../../../src/generations/run/read-statuses.ts'

/** Polls a job that is done at `doneAt` on schedule; counts the polls and how late the last one is. */
function walk(
  wait: (elapsedMs: number, expectedMs: number) => number,
  expectedMs: number,
  doneAt: number,
): { polls: number; lagMs: number } {
  let elapsed = 0
  for (let polls = 0; ; polls += 1) {
    if (polls > 0 && elapsed >= doneAt) return { polls, lagMs: elapsed - doneAt }
    elapsed += wait(elapsed, expectedMs)
  }
}

describe('the adaptive poll schedule', () => {
  it('does not poll before half the expected time', () => {
    expect(nextPollInMs(0, 100_000)).toBe(50_000)
    expect(nextPollInMs(40_000, 100_000)).toBe(10_000)
  })

  it.each([100_000, 130_000, 160_000, 190_000, 205_000])(
    'needs few polls and little lag for a job of %i ms that was expected at 160 s',
    (doneAt) => {
      const { polls, lagMs } = walk(nextPollInMs, 160_000, doneAt)
      // The vendors' own clients need 81 to 270 requests for such a job.
      expect(polls).toBeLessThanOrEqual(35)
      expect(lagMs).toBeLessThanOrEqual(doneAt < 0.8 * 160_000 ? 12_800 : 3200)
    },
  )

  it('changes its pace at half, at 80 and at 130 percent of the expected time', () => {
    const pace = (elapsedMs: number) => Math.round(nextPollInMs(elapsedMs, 100_000))
    expect([49_000, 50_000, 79_999, 80_000, 129_999, 130_000, 200_000].map(pace)).toEqual([1000, 8000, 8000, 2000, 2000, 5000, 12_000])
  })

  it('polls a long overdue job less and less often, but never stops', () => {
    expect(nextPollInMs(400_000, 160_000)).toBeGreaterThan(20_000)
    expect(nextPollInMs(4_000_000, 160_000)).toBe(60_000)
  })

  it('never polls more than twice a second, however short the expected time', () => {
    expect(nextPollInMs(0, 10)).toBe(500)
    expect(nextPollInMs(9, 10)).toBe(500)
  })
})

describe('the fallback poll behind a webhook', () => {
  it('first runs when the webhook should have arrived', () => {
    expect(fallbackPollInMs(0, 160_000)).toBe(160_000)
    expect(walk(fallbackPollInMs, 160_000, 170_000).polls).toBeLessThanOrEqual(2)
    expect(walk(fallbackPollInMs, 160_000, 170_000).lagMs).toBeLessThanOrEqual(60_000)
  })

  it('then runs after another quarter of that time, at least every minute and at most twice a second', () => {
    const pace = fallbackPollInMs
    expect([pace(40_000, 100_000), pace(99_900, 100_000), pace(100_000, 100_000)]).toEqual([60_000, 500, 25_000])
    expect([pace(400_000, 400_000), pace(10, 10)]).toEqual([60_000, 500])
  })
})
