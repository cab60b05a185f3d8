import { type Clock, createClock } from '../../../src/lib/clock.ts'

export interface SkippableClock extends Clock {
  /** Moves the time forward; sleeps that would have ended by then end now. */
  skip(milliseconds: number): void
  /** How many sleeps have begun. */
  readonly sleeps: number
}

/** Time that passes `rate` times as fast as real time, and of which a test can skip a part. */
export function createSkippableClock(rate = 1): SkippableClock {
  const time = createClock(rate)
  let offset = 0
  let sleeps = 0
  const sleeping = new Set<{ dueAt: number; end: AbortController }>()
  const now = () => time.now() + offset
  return {
    now,
    async sleep(milliseconds, { signal } = {}) {
      const sleeper = { dueAt: now() + milliseconds, end: new AbortController() }
      sleeping.add(sleeper)
      sleeps += 1
      try {
        await time.sleep(milliseconds, { signal: AbortSignal.any([sleeper.end.signal, ...(signal ? [signal] : [])]) })
      } catch {
        signal?.throwIfAborted()
      } finally {
        sleeping.delete(sleeper)
      }
    },
    skip(milliseconds) {
      offset += milliseconds
      for (const { dueAt, end } of sleeping) if (dueAt <= now()) end.abort()
    },
    get sleeps() {
      return sleeps
    },
  }
}
