import type { Clock } from '../../src/domain/clock.ts'

/** A clock on which every wait is over at once, and which remembers what was waited for. */
export function createInstantClock(): Clock & { waits: number[] } {
  const waits: number[] = []
  return {
    waits,
    now: () => Date.now(),
    sleep(milliseconds, { signal } = {}) {
      waits.push(milliseconds)
      return signal?.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve()
    },
  }
}
