import { type Clock, wallClock } from './clock.ts'

export interface RetryOptions {
  /**
   * Milliseconds before each retry: a list gives as many retries as it has entries; a function is asked after each failed attempt (from 1)
   * and ends the retries by returning undefined.
   */
  delays: readonly number[] | ((attempt: number, error: unknown) => number | undefined)
  /** Ends the wait between two attempts: `retry` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  clock?: Clock | undefined
  /** Every error is retried where this is not given. */
  shouldRetry?: ((error: unknown) => boolean) | undefined
  /** Called before each wait. */
  onRetry?: ((error: unknown, attempt: number) => void) | undefined
}

/** Calls `work` until it succeeds. Rejects with its last error once there are no more retries. `attempt` counts from 1. */
export async function retry<Result>(work: (attempt: number) => Promise<Result>, options: RetryOptions): Promise<Result> {
  const { delays, signal, clock = wallClock, shouldRetry = () => true, onRetry } = options
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt)
    } catch (error) {
      const delay = typeof delays === 'function' ? delays(attempt, error) : delays[attempt - 1]
      if (delay === undefined || !shouldRetry(error)) throw error
      signal?.throwIfAborted()
      onRetry?.(error, attempt)
      await clock.sleep(delay, { signal })
    }
  }
}

/** Delays that double from `firstMs` up to `longestMs`, without end. */
export function exponential(firstMs: number, longestMs: number): (attempt: number) => number {
  return (attempt) => Math.min(longestMs, firstMs * 2 ** (attempt - 1))
}
