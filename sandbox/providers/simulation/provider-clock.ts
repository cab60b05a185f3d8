interface Timer {
  dueAt: number
  wake: () => void
}

/**
 * The providers' own time. It runs `speed` virtual seconds in each real one, whatever the bot's and Discord's clocks do, and may be
 * set to another speed (0 stands still) or moved forward at any moment.
 */
export class ProviderClock {
  readonly #sleepers = new Set<Timer>()
  #speed: number
  #virtualAtChange = Date.now()
  #realAtChange = performance.now()
  #timer: NodeJS.Timeout | undefined

  constructor(speed: number) {
    this.#speed = checked(speed)
  }

  get speed(): number {
    return this.#speed
  }

  set speed(speed: number) {
    this.#moveTo(this.now())
    this.#speed = checked(speed)
    this.#arm()
  }

  /** Virtual milliseconds since the epoch. */
  now(): number {
    return this.#virtualAtChange + (performance.now() - this.#realAtChange) * this.#speed
  }

  /** The same as ISO 8601, as the providers write their times. */
  timestamp(): string {
    return new Date(this.now()).toISOString()
  }

  /** Jumps forward; whoever would have woken on the way wakes now. */
  advance(milliseconds: number): void {
    this.#moveTo(this.now() + milliseconds)
    this.#arm()
  }

  /** Resolves after so many virtual milliseconds; rejects with the signal's reason as soon as it is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const stop = () => {
        this.#sleepers.delete(sleeper)
        this.#arm()
        reject(signal.reason as Error)
      }
      const wake = () => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const sleeper = { dueAt: this.now() + milliseconds, wake }
      signal.addEventListener('abort', stop, { once: true })
      this.#sleepers.add(sleeper)
      this.#arm()
    })
  }

  /** Stops the timer. Who still sleeps must be ended by their own signal. */
  close(): void {
    clearTimeout(this.#timer)
    this.#sleepers.clear()
  }

  #moveTo(virtual: number): void {
    this.#virtualAtChange = virtual
    this.#realAtChange = performance.now()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#sleepers.size === 0 || this.#speed === 0) {
      this.#wakeDue()
      return
    }
    const next = Math.min(...[...this.#sleepers].map(({ dueAt }) => dueAt))
    const realMilliseconds = (next - this.now()) / this.#speed
    // A timer takes at most 2^31 ms; a longer wait is armed again when that is over.
    this.#timer = setTimeout(() => this.#wakeDue(), Math.min(Math.max(0, realMilliseconds), 2 ** 31 - 1))
  }

  #wakeDue(): void {
    const now = this.now()
    // Timers may fire a fraction early; nobody can tell a thousandth of a millisecond.
    const due = [...this.#sleepers].filter(({ dueAt }) => dueAt <= now + 0.001)
    for (const sleeper of due) {
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
    if (this.#sleepers.size > 0 && this.#speed > 0) this.#arm()
  }
}

function checked(speed: number): number {
  if (!(Number.isFinite(speed) && speed >= 0)) throw new RangeError(`not a speed: ${speed}`)
  return speed
}
