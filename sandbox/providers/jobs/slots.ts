import { abortableWait } from '../simulation/abortable-wait.ts'

/** Limits concurrency to `limit()`, first come, first served. */
export class Slots {
  readonly #limit: () => number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  constructor(limit: () => number) {
    this.#limit = limit
  }

  /**
   * @returns how to leave the slot; must be called exactly once
   * @throws the signal's reason when it is aborted
   */
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
    return abortableWait(signal, (enter) => {
      this.#waiting.push(enter)
      return () => this.#waiting.splice(this.#waiting.indexOf(enter), 1)
    })
  }
}
