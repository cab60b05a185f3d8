import type { Clock } from '../../../src/lib/clock.ts'

/** A clock that only a test advances. */
export interface ManualClock extends Clock {
  /** Advances the clock and runs everything that is due. */
  advance(milliseconds: number): Promise<void>
  /** The number of sleeps under way. */
  readonly sleepers: number
}

export function createManualClock(startsAt: number): ManualClock {
  let now = startsAt
  const sleeping = new Set<{ dueAt: number; notify: () => void }>()
  return {
    now: () => now,
    sleep: (milliseconds, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error)
          return
        }
        const sleeper = {
          dueAt: now + milliseconds,
          notify: () => {
            signal?.removeEventListener('abort', stop)
            resolve()
          },
        }
        const stop = () => {
          sleeping.delete(sleeper)
          reject(signal?.reason as Error)
        }
        sleeping.add(sleeper)
        signal?.addEventListener('abort', stop, { once: true })
      }),
    async advance(milliseconds) {
      now += milliseconds
      for (const sleeper of [...sleeping].filter(({ dueAt }) => dueAt <= now)) {
        sleeping.delete(sleeper)
        sleeper.notify()
      }
      // One turn of the event loop runs the promises that depend on the sleepers.
      await new Promise((resolve) => setImmediate(resolve))
    },
    get sleepers() {
      return sleeping.size
    },
  }
}
