import type { Clock } from '../../lib/clock.ts'
import type { Claims } from '../queue/claim.ts'

/** When a worker may look for claimable requests again, however often it is notified. */
export interface CheckPace {
  begin(): void
  end(claims: Pick<Claims, 'claimed' | 'hasLeft'>): void
  /** A create call or a run of this process is over, so there may be room for a request: the next check may come at once. */
  reset(): void
  /** Milliseconds until the next check may begin. */
  remainingMs(): number
}

/** Milliseconds from a check that found all providers busy to the next; doubled with each check that claims nothing. */
const shortestMs = 25
const longestMs = 100

/**
 * A check that claimed all there was may be followed by another at once. One that claimed nothing would find the same again: then notifications wait, because
 * many processes get each of them.
 */
export function createCheckPace(clock: Pick<Clock, 'now'>): CheckPace {
  let waitMs = 0
  let beganAt = -Infinity
  /** Set by the end of work during a check: what that check saw may be outdated. */
  let isReset = false
  return {
    begin: () => {
      beganAt = clock.now()
      isReset = false
    },
    end: ({ claimed, hasLeft }) => {
      if (claimed.length > 0) waitMs = hasLeft ? shortestMs : 0
      else waitMs = Math.min(longestMs, Math.max(shortestMs, 2 * waitMs))
      if (isReset) waitMs = 0
    },
    reset: () => {
      isReset = true
      waitMs = 0
    },
    remainingMs: () => {
      const passed = clock.now() - beganAt
      // A clock that is set back delays nothing.
      return passed < 0 ? 0 : Math.max(0, waitMs - passed)
    },
  }
}
