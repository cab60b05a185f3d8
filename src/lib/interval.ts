import type { Clock } from './clock.ts'

/** For something that may be done at most once in a certain time. */
export interface Interval {
  /** True if it is due: the caller does it now, and it is due again after the interval. */
  take(): boolean
  /** Milliseconds until it is due; 0 if it is. */
  remainingMs(): number
  /** Makes it due now. */
  reset(): void
}

/** Due at once, then every `everyMs` milliseconds. A clock that is set back delays nothing. */
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
