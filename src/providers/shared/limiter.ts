import Bottleneck from 'bottleneck'

import { raceAbort } from '../../lib/abortable.ts'

const refillMs = 500

/**
 * For all calls to one provider: 40 a second, far below every provider's own limit (Replicate: 3,000 a minute) and enough to follow hundreds of jobs. Up to 20
 * are sent at once, because a finished clip needs several calls and must not wait for each.
 */
export function createLimiter(): Bottleneck {
  const amount = 20
  return new Bottleneck({
    ...{ maxConcurrent: 32, reservoir: amount, heartbeatInterval: refillMs },
    ...{ reservoirIncreaseAmount: amount, reservoirIncreaseInterval: refillMs, reservoirIncreaseMaximum: amount },
  })
}

/** Rejects the calls that still wait. */
export async function closeLimiter(limiter: Bottleneck): Promise<void> {
  await limiter.stop({ dropWaitingJobs: true }).catch(() => undefined)
  // Ends the timer that refills it.
  await limiter.disconnect()
}

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
