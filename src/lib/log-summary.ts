import type { Clock } from './clock.ts'
import { createInterval } from './interval.ts'

/** Milliseconds between two lines about the same. */
const everyMs = 60_000

/**
 * For what may happen to thousands at once: calls `write` the first time, and then at most once a minute, with how many there were since the line before.
 */
export function createLogSummary<Example>(write: (count: number, example: Example) => void, clock: Pick<Clock, 'now'>) {
  const interval = createInterval(everyMs, clock)
  let count = 0
  return (example: Example): void => {
    count += 1
    if (!interval.take()) return
    write(count, example)
    count = 0
  }
}
