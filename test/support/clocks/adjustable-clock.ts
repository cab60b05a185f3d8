import { type Clock, createClock } from '../../../src/lib/clock.ts'

/** Real time, plus what it was advanced by. Sleeps take real time. */
export function adjustableClock(): Clock & { advance(milliseconds: number): void } {
  const realTime = createClock()
  let offset = 0
  return {
    now: () => realTime.now() + offset,
    sleep: realTime.sleep.bind(realTime),
    advance: (milliseconds) => void (offset += milliseconds),
  }
}
