import type { Behavior } from '../simulation/behavior.ts'
import type { Call, Refuse } from './call.ts'

/** When to retry a call that got 429. */
export const retryAfterSeconds = 5

/** Adds `Retry-After` to a 429 as the provider's behavior says. */
export function withRetryAfter(refuse: Refuse, behavior: Behavior): Refuse {
  return (fault, call) => {
    if (fault === 'busy') setRetryAfter(call, behavior)
    return refuse(fault, call)
  }
}

export function setRetryAfter(call: Call, { retryAfter }: Behavior): void {
  if (retryAfter === 'none') return
  // A date in real time, as clients do not know the virtual time.
  const date = () => new Date(Date.now() + 1000 * retryAfterSeconds).toUTCString()
  call.header('Retry-After', retryAfter === 'seconds' ? String(retryAfterSeconds) : date())
}
