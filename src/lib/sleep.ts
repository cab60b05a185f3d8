import { type Clock, wallClock } from './clock.ts'

/** Waits without throwing: true once the time has passed, false as soon as the signal is aborted. */
export function sleep(milliseconds: number, signal: AbortSignal, clock: Clock = wallClock): Promise<boolean> {
  return clock.sleep(milliseconds, { signal }).then(
    () => true,
    () => false, // only the signal ends a sleep early
  )
}
