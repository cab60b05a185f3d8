/** A door that whoever passes waits at while it is held. */
export class Gate {
  readonly #waiting = new Map<string, () => void>()
  #held = false

  hold(): void {
    this.#held = true
  }

  /** Lets one through that waits, or opens the door for all. */
  release(id?: string): void {
    if (id === undefined) this.#held = false
    for (const [waitingId, pass] of [...this.#waiting]) if (id === undefined || id === waitingId) pass()
  }

  /** Resolves at once while nobody holds the door; rejects with the signal's reason when it is aborted. */
  pass(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (!this.#held) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#waiting.delete(id)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.set(id, () => {
        this.#waiting.delete(id)
        signal.removeEventListener('abort', stop)
        resolve()
      })
    })
  }
}
