import { abortableWait } from './abortable-wait.ts'

interface Timer {
  dueAt: number
  fire: () => void
}

/**
 * The time of all providers, independent of the bot's and Discord's clocks. `speed` virtual seconds pass in a real one. The speed can be
 * changed (0 stops the clock) and the time moved forward at any moment.
 */
export class ProviderClock {
  readonly #timers = new Set<Timer>()
  #speed: number
  #virtualAtChange = Date.now()
  #realAtChange = performance.now()
  #timeout: NodeJS.Timeout | undefined

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

  /** The current time as ISO 8601. */
  timestamp(): string {
    return new Date(this.now()).toISOString()
  }

  /** Moves forward; every sleep that would have ended by then ends now. */
  advance(milliseconds: number): void {
    this.#moveTo(this.now() + milliseconds)
    this.#arm()
  }

  /**
   * Resolves after this many virtual milliseconds.
   * @throws the signal's reason when it is aborted
   */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return abortableWait(signal, (fire) => {
      const timer = { dueAt: this.now() + milliseconds, fire }
      this.#timers.add(timer)
      this.#arm()
      return () => {
        this.#timers.delete(timer)
        this.#arm()
      }
    })
  }

  /** Stops the clock. Pending sleeps end only through their own signals. */
  close(): void {
    clearTimeout(this.#timeout)
    this.#timers.clear()
  }

  #moveTo(virtual: number): void {
    this.#virtualAtChange = virtual
    this.#realAtChange = performance.now()
  }

  #arm(): void {
    clearTimeout(this.#timeout)
    if (this.#timers.size === 0 || this.#speed === 0) {
      this.#fireDue()
      return
    }
    const next = Math.min(...[...this.#timers].map(({ dueAt }) => dueAt))
    const realMilliseconds = (next - this.now()) / this.#speed
    // A Node.js timer takes at most 2^31 - 1 ms; a longer wait is armed again afterwards.
    this.#timeout = setTimeout(() => this.#fireDue(), Math.min(Math.max(0, realMilliseconds), 2 ** 31 - 1))
  }

  #fireDue(): void {
    const now = this.now()
    // Node.js timers may fire a fraction of a millisecond early.
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= now + 0.001)
    for (const timer of due) {
      this.#timers.delete(timer)
      timer.fire()
    }
    if (this.#timers.size > 0 && this.#speed > 0) this.#arm()
  }
}

function checked(speed: number): number {
  if (!(Number.isFinite(speed) && speed >= 0)) throw new RangeError(`not a speed: ${speed}`)
  return speed
}
