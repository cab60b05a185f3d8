import { setTimeout } from 'node:timers/promises'

/** Time as the bot sees it; injected, so that tests and the sandbox can make it pass faster. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `milliseconds` of this clock, or rejects with the signal's reason as soon as it is aborted. */
  sleep(milliseconds: number, options?: { signal?: AbortSignal | undefined }): Promise<void>
}

/** A clock that runs `rate` times as fast as real time. */
export function createClock(rate = 1): Clock {
  const startedAt = Date.now()
  return {
    now: () => (rate === 1 ? Date.now() : Math.round(startedAt + (Date.now() - startedAt) * rate)),
    async sleep(milliseconds, { signal } = {}) {
      try {
        await setTimeout(milliseconds / rate, undefined, { signal })
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      }
    },
  }
}

/** Real time, which is the only time that several processes share. */
export const wallClock = createClock()

/** Waits without throwing: true once the time has passed, false as soon as the signal is aborted. */
export function sleep(milliseconds: number, signal: AbortSignal, clock: Clock = wallClock): Promise<boolean> {
  return clock.sleep(milliseconds, { signal }).then(
    () => true,
    () => false, // only the signal ends a sleep early
  )
}

/** As people are told: rounded; 0 means less than a minute. */
export function wholeMinutes(milliseconds: number): number {
  return milliseconds < 60_000 ? 0 : Math.round(milliseconds / 60_000)
}
