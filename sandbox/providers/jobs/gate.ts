import { abortableWait } from '../simulation/abortable-wait.ts'

/** A point that every job passes, and where jobs wait while the gate is held. */
export class Gate {
  readonly #waiting = new Map<string, () => void>()
  #held = false

  hold(): void {
    this.#held = true
  }

  /** Lets the named waiter pass, or opens the gate for all. */
  release(id?: string): void {
    if (id === undefined) this.#held = false
    for (const [waitingId, pass] of [...this.#waiting]) {
      if (id !== undefined && id !== waitingId) continue
      this.#waiting.delete(waitingId)
      pass()
    }
  }

  /**
   * Resolves at once unless the gate is held.
   * @throws the signal's reason when it is aborted
   */
  pass(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (!this.#held) return Promise.resolve()
    return abortableWait(signal, (pass) => {
      this.#waiting.set(id, pass)
      return () => this.#waiting.delete(id)
    })
  }
}
