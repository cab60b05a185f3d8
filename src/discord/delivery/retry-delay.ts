import { RateLimitError } from 'discord.js'

import { exponential } from '../../lib/retry.ts'

import { isTransient } from '../rest/errors.ts'

const backoff = exponential(3000, 60_000)

/** Milliseconds before a failed progress update is retried; undefined if a retry cannot help. Discord's own delay comes first. */
export function retryDelay(error: unknown, failures: number): number | undefined {
  if (error instanceof RateLimitError) return Math.max(error.timeToReset, error.retryAfter)
  return isTransient(error) ? backoff(failures) : undefined
}
