/** Lets at most `limit()` in at a time, in the order of their coming. */
export class Slots {
  readonly #limit: () => number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** Resolves with the way out, which must be taken once; rejects with the signal's reason when it is aborted. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#taken >= this.#limit()) await this.#turn(signal)
    else this.#taken += 1
    return () => {
      this.#taken -= 1
      if (this.#taken >= this.#limit()) return
      const next = this.#waiting.shift()
      if (!next) return
      this.#taken += 1
      next()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(enter)
    })
  }
}
