import { raceAbort } from '../../lib/abortable.ts'

/** Runs the calls of one key one at a time, in order. */
export function createSerialQueue() {
  /** Resolves when the last call of each key is over. */
  const tails = new Map<string, Promise<unknown>>()
  return {
    /** Rejects with the signal's reason if it is aborted before the call's turn; a call that has begun is not affected. */
    run<Result>(key: string, signal: AbortSignal, call: () => Promise<Result>): Promise<Result> {
      const previous = tails.get(key) ?? Promise.resolve()
      const result = raceAbort(previous, signal).then(call)
      // The calls behind an aborted one still wait for the calls ahead of it.
      const tail = Promise.allSettled([previous, result])
      tails.set(key, tail)
      void tail.then(() => tails.get(key) === tail && tails.delete(key))
      return result
    },
  }
}
