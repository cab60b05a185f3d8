/**
 * Milliseconds until the next poll of a job: none before it can be done at all, often around the moment at which such jobs are usually done, then less
 * and less often. `elapsedMs` counts from the provider's acceptance.
 */
export function nextPollInMs(elapsedMs: number, expectedMs: number): number {
  const earliest = expectedMs * 0.5
  if (elapsedMs < earliest) return clamp(earliest - elapsedMs, shortest, longest)
  const lateness = elapsedMs / expectedMs
  if (lateness < 0.8) return clamp(expectedMs * 0.08, shortest, longest)
  if (lateness < 1.3) return clamp(expectedMs * 0.02, shortest, longest)
  return clamp(expectedMs * 0.1 * (lateness - 0.8), shortest, longest)
}

/** Where a webhook is expected, polling is only the fallback: a lost delivery must not delay a clip for long. */
export function fallbackPollInMs(elapsedMs: number, expectedMs: number): number {
  return elapsedMs < expectedMs ? Math.max(shortest, expectedMs - elapsedMs) : clamp(expectedMs * 0.25, shortest, longest)
}

const shortest = 500
const longest = 60_000

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
