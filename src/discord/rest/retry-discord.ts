import { retry, type RetryOptions } from '../../lib/retry.ts'

import { isTransient } from './errors.ts'

/** Milliseconds before each retry, unless the caller has others. */
const usualDelays = [1000, 4000]

/**
 * Repeats a call while it may not have arrived or Discord has a fault. What Discord refuses, it would refuse again: that is thrown at once. Only for calls
 * that are safe to repeat.
 */
export function retryDiscord<Result>(
  call: (attempt: number) => Promise<Result>,
  { delays = usualDelays, ...options }: Partial<Pick<RetryOptions, 'delays'>> & Omit<RetryOptions, 'delays' | 'shouldRetry'>,
): Promise<Result> {
  return retry(call, { ...options, delays, shouldRetry: isTransient })
}
