import { between, pick, type Random } from '../shared/random.ts'

/** A take of load: so many requests with such pauses between them, then a rest. */
export interface Wave {
  requests: number
  /** Milliseconds before each request; none means all at once. */
  pauseMs: [least: number, most: number] | undefined
  restMs: number
}

const steady: Wave = { requests: 10, pauseMs: [50, 300], restMs: 0 }

/** A trickle, a steady stream, a burst of everybody at once, or nearly nothing. */
export function planWave(random: Random): Wave {
  const kind = pick(['trickle', 'steady', 'burst', 'burst', 'lull'], random)
  const size = between(0, 1, random)
  if (kind === 'trickle') return { requests: 2 + Math.floor(3 * size), pauseMs: [400, 1200], restMs: 0 }
  if (kind === 'burst') return { requests: 8 + Math.floor(9 * size), pauseMs: undefined, restMs: 1000 + 2000 * size }
  if (kind === 'lull') return { requests: 1, pauseMs: [0, 100], restMs: 1500 + 2000 * size }
  return { ...steady, requests: 8 + Math.floor(9 * size) }
}

/** The load without waves. */
export const planSteady = (): Wave => steady
