import type { StoredMessage } from './message.ts'

/** Everything that can happen in the local Discord. */
export type Change =
  { kind: 'message'; message: StoredMessage } | { kind: 'acknowledged'; interactionId: string } | { kind: 'request' } | { kind: 'gateway' }

/** Announces changes. Waiting never polls: a condition is checked at once and after every change. */
export class Changes {
  readonly #listeners = new Set<(change: Change) => void>()

  /** @returns unsubscribes */
  subscribe(listener: (change: Change) => void): () => void {
    // A wrapper makes two subscriptions of one function independent.
    const entry = (change: Change) => listener(change)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  announce(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change)
  }

  /** Resolves with the first value that `find` returns; rejects with what `find` throws, or with the signal's reason. */
  until<Found>(find: () => Found | undefined, signal?: AbortSignal): Promise<Found> {
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
        const found = find()
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
