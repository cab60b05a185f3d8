import type Bottleneck from 'bottleneck'

/**
 * Does the work when the limiter allows it, and stops waiting as soon as the signal is aborted. Once begun, the work listens to the signal
 * by itself: only it knows what an abort then means.
 */
export async function paced<T>(limiter: Bottleneck | undefined, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  if (!limiter) return work()
  const aborted = Promise.withResolvers<never>()
  const stopWaiting = () => {
    aborted.reject(signal.reason as Error)
  }
  signal.addEventListener('abort', stopWaiting, { once: true })
  const turn = limiter.schedule(() => {
    signal.removeEventListener('abort', stopWaiting)
    signal.throwIfAborted()
    return work()
  })
  try {
    return await Promise.race([turn, aborted.promise])
  } finally {
    signal.removeEventListener('abort', stopWaiting)
  }
}
