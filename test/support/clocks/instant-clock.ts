import type { Clock } from '../../../src/lib/clock.ts'

/** A clock on which every wait is over at once, and which remembers what was waited for. It stands still. */
export function createInstantClock(now = 1_760_000_000_000): Clock & { waits: number[] } {
  const waits: number[] = []
  return {
    waits,
    now: () => now,
    sleep(milliseconds, { signal } = {}) {
      waits.push(milliseconds)
      return signal?.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve()
    },
  }
}
