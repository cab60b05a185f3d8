import { createTimings } from '../shared/timings.ts'

/** How late the event loop was, in milliseconds. */
export interface Lateness {
  p50: number
  p99: number
  longest: number
}

const everyMs = 10

/**
 * Watches this process's event loop until the returned function is called. A block counts once for every timer that it delayed, as if each had been an
 * event that waited: counted once, a block of ten seconds would vanish among the prompt ones.
 */
export function watchLateness(): () => Lateness {
  const timings = createTimings()
  let dueAt = performance.now() + everyMs
  const check = () => {
    const now = performance.now()
    for (; dueAt <= now; dueAt += everyMs) timings.record(now - dueAt)
    timer = setTimeout(check, dueAt - now)
  }
  let timer = setTimeout(check, everyMs)
  return () => {
    clearTimeout(timer)
    check()
    clearTimeout(timer)
    return { p50: timings.percentile(50), p99: timings.percentile(99), longest: timings.longest }
  }
}
