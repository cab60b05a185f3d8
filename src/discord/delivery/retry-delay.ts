import { RateLimitError } from 'discord.js'

import type { Postponed } from './card-updater.ts'
import { isTransient } from '../rest/errors.ts'

const [firstPauseMs, longestPauseMs] = [3000, 60_000]

/** When a card's content that did not come through is worth another try: as Discord asks, or ever later while it is at fault. */
export function postpone(error: unknown, failuresInRow: number): Postponed | undefined {
  if (error instanceof RateLimitError) return { retryInMs: Math.max(error.timeToReset, error.retryAfter) }
  if (!isTransient(error)) return undefined
  return { retryInMs: Math.min(longestPauseMs, firstPauseMs * 2 ** (failuresInRow - 1)) }
}
