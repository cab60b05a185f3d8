/** Discord's own time: the system clock plus what a test has advanced. It drives only Discord's limits (3 s, 15 min, signed URLs). */
export class DiscordClock {
  #offset = 0
  #frozenAt: number | undefined

  /** Milliseconds since the epoch. */
  now(): number {
    return (this.#frozenAt ?? Date.now()) + this.#offset
  }

  advance(milliseconds: number): void {
    this.#offset += milliseconds
  }

  /** From here on only `advance` moves this clock, so that a test can reach a limit to the millisecond. */
  freeze(): void {
    this.#frozenAt ??= Date.now()
  }
}
