interface Alarm {
  at: number
  ring: () => void
}

/** Discord's own time: the system clock plus what a test has advanced. Discord's limits, ids and timestamps follow it. */
export class DiscordClock {
  #offset = 0
  #frozenAt: number | undefined
  readonly #alarms = new Set<Alarm>()
  #timer: NodeJS.Timeout | undefined

  /** Milliseconds since the epoch. */
  now(): number {
    return (this.#frozenAt ?? Date.now()) + this.#offset
  }

  /** Now, as the API writes times. */
  timestamp(): string {
    return new Date(this.now()).toISOString()
  }

  /**
   * For limits on what a client sends. A client paces itself by real time, so its limit must end by real time, too: while this clock was frozen, it
   * would never end. What a test advances counts as well.
   */
  pace(): number {
    return Date.now() + this.#offset
  }

  advance(milliseconds: number): void {
    this.#offset += milliseconds
    this.#ringDue()
  }

  /** From here on only `advance` moves this clock, so that a test can reach a limit to the millisecond. */
  freeze(): void {
    this.#frozenAt ??= Date.now()
    this.#ringDue()
  }

  /**
   * Calls `ring` once this clock has reached the time.
   * @returns cancels
   */
  at(time: number, ring: () => void): () => void {
    const alarm = { at: time, ring }
    this.#alarms.add(alarm)
    this.#setTimer()
    return () => {
      if (this.#alarms.delete(alarm)) this.#setTimer()
    }
  }

  #ringDue(): void {
    const due = [...this.#alarms].filter(({ at }) => at <= this.now()).sort((one, other) => one.at - other.at)
    // Another alarm that rings may have cancelled this one.
    for (const alarm of due) if (this.#alarms.delete(alarm)) alarm.ring()
    this.#setTimer()
  }

  /** A real timer for the next alarm; none while the clock is frozen, and none that keeps the process running. */
  #setTimer(): void {
    clearTimeout(this.#timer)
    if (this.#frozenAt !== undefined || this.#alarms.size === 0) return
    const next = Math.min(...[...this.#alarms].map(({ at }) => at))
    this.#timer = setTimeout(() => this.#ringDue(), Math.max(0, next - this.now())).unref()
  }
}
