import type { Clock } from '../../src/lib/clock.ts'

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves on and lets everything that became due run. */
  advance(milliseconds: number): Promise<void>
  /** How many sleeps are under way. */
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
      // One turn of the event loop lets every promise that hangs on the sleepers run.
      await new Promise((resolve) => setImmediate(resolve))
    },
    get sleepers() {
      return sleeping.size
    },
  }
}
