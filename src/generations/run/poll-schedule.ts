/**
 * When the next look at a job is worth its call, in milliseconds from now: none before it can be done at all, dense around the moment at which such jobs
 * are done, then ever sparser. `elapsedMs` counts from the provider's acceptance.
 */
export function nextPollInMs(elapsedMs: number, expectedMs: number): number {
  const earliest = expectedMs * 0.5
  if (elapsedMs < earliest) return clamp(earliest - elapsedMs, shortest, longest)
  const lateness = elapsedMs / expectedMs
  if (lateness < 0.8) return clamp(expectedMs * 0.08, shortest, longest)
  if (lateness < 1.3) return clamp(expectedMs * 0.02, shortest, longest)
  return clamp(expectedMs * 0.1 * (lateness - 0.8), shortest, longest)
}

/** Behind a webhook the poll is only a net: a delivery that was lost must not hold a clip up for long. */
export function safetyPollInMs(elapsedMs: number, expectedMs: number): number {
  return elapsedMs < expectedMs ? Math.max(shortest, expectedMs - elapsedMs) : clamp(expectedMs * 0.25, shortest, longest)
}

/** A provider is never asked more often than this, and never left for longer. */
const shortest = 500
const longest = 60_000

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
