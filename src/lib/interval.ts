import type { Clock } from './clock.ts'

/** Says when something is due that may be done at most once in a while. */
export interface Interval {
  /** True if it is due; then it is due again after the interval. */
  take(): boolean
  /** Milliseconds until it is due; 0 if it is. */
  remainingMs(): number
  /** It is due now. */
  reset(): void
}

/** @param everyMs milliseconds from one time to the next. Due at first. A clock that is set back delays nothing. */
export function createInterval(everyMs: number, clock: Pick<Clock, 'now'>): Interval {
  let takenAt = -Infinity
  const remainingMs = () => {
    const passed = clock.now() - takenAt
    return passed < 0 ? 0 : Math.max(0, everyMs - passed)
  }
  return {
    remainingMs,
    take: () => {
      if (remainingMs() > 0) return false
      takenAt = clock.now()
      return true
    },
    reset: () => {
      takenAt = -Infinity
    },
  }
}
