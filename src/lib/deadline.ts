/** The end of the time in which something may still have an effect. */
export interface Deadline {
  /** Aborted when the time is over, or earlier by the caller. */
  readonly signal: AbortSignal
  /** Call it right before the effect: a process that was suspended handles its sockets before its timers, so the signal may not be aborted yet. */
  throwIfOver(): void
}

/** `milliseconds` of real time from now; ends early when `aborted` is. */
export function createDeadline(milliseconds: number, aborted?: AbortSignal): Deadline {
  const start = { monotonic: performance.now(), wall: Date.now() }
  const signal = AbortSignal.any([AbortSignal.timeout(milliseconds), ...(aborted ? [aborted] : [])])
  return {
    signal,
    throwIfOver() {
      signal.throwIfAborted()
      // The monotonic clock stands still while the machine sleeps, and the wall clock can be set back.
      const elapsed = Math.max(performance.now() - start.monotonic, Date.now() - start.wall)
      if (elapsed >= milliseconds) throw new DOMException('the time was over before the effect', 'TimeoutError')
    },
  }
}
