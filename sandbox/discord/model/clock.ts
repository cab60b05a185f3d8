/** Discord's own time: the wall plus what a test has advanced. It drives Discord's limits (3 s, 15 min, signed URLs) and nothing else. */
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

  /** From here on only `advance` moves this clock, so that a limit can be met to the millisecond. */
  freeze(): void {
    this.#frozenAt ??= Date.now()
  }
}
