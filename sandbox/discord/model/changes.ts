import type { StoredMessage } from './message.ts'

/** Everything that can happen in the local Discord and that somebody may wait for. */
export type Change =
  | { kind: 'message'; action: 'created' | 'edited' | 'deleted'; message: StoredMessage }
  | { kind: 'acknowledged'; interactionId: string }
  | { kind: 'request' }
  | { kind: 'gateway' }
  | { kind: 'commands' }

/** Announces changes. Waiting never polls: what is waited for is looked at now and after every change. */
export class Changes {
  readonly #listeners = new Set<(change: Change) => void>()

  subscribe(listener: (change: Change) => void): () => void {
    // A wrapper of our own, so that one function may be subscribed twice and each is let go on its own.
    const entry = (change: Change) => listener(change)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  announce(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change)
  }

  /** Resolves with the first value that `look` finds; rejects with what `look` throws, or with the signal's reason. */
  until<Found>(look: () => Found | undefined, signal?: AbortSignal): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>()
    const release = () => {
      unsubscribe()
      signal?.removeEventListener('abort', stop)
    }
    const stop = () => {
      release()
      reject(signal?.reason)
    }
    const check = () => {
      try {
        const found = look()
        if (found === undefined) return
        release()
        resolve(found)
      } catch (error) {
        release()
        reject(error)
      }
    }
    const unsubscribe = this.subscribe(check)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    else check()
    return promise
  }
}
