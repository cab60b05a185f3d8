import type Bottleneck from 'bottleneck'

import { raceAbort } from '../../lib/abortable.ts'

/**
 * Runs the work when the limiter allows it; an abort ends the wait. Once the work has begun it handles the signal itself, because only the work knows
 * what an abort then means.
 */
export async function withLimiter<T>(limiter: Bottleneck | undefined, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  if (!limiter) return work()
  const started = Promise.withResolvers<{ result: Promise<T> }>()
  const turn = limiter.schedule(() => {
    signal.throwIfAborted()
    const result = work()
    started.resolve({ result })
    return result
  })
  turn.catch(started.reject)
  const { result } = await raceAbort(started.promise, signal)
  return result
}
