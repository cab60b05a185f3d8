import type { LoggedRequest } from '../../sandbox/providers/http/request-log.ts'
import type { StandIn } from '../../sandbox/providers/stand-in/stand-in.ts'
import type { ProviderClock } from '../../sandbox/providers/simulation/provider-clock.ts'

/** What it took to learn that jobs were done. */
export interface Waiting {
  /** Calls for each clip, besides the one that orders it and the one that downloads it. */
  requests: number
  /** From the completion until it was known, on average. */
  lagSeconds: number
}

/** How fast the clock is that a lag is counted by: a poll waits by the providers' clock, but what is pushed takes as long as it takes. */
export type LagClock = 'providers' | 'real'

const routesOfTheClipItself: readonly (LoggedRequest['route'] | undefined)[] = ['create', 'output', 'file', 'upload']

/** Compares the provider's own record of its jobs with the moments at which their ends were known. */
export function readWaiting(
  { jobs, requests }: StandIn,
  knownAt: readonly number[],
  { speed, lag }: { speed: number; lag: LagClock },
): Waiting {
  const finished = jobs.list().map(({ finishedAt }) => finishedAt ?? NaN)
  const calls = requests.list().filter(({ route }) => !routesOfTheClipItself.includes(route))
  // The average needs no match of moments with jobs.
  const lagSeconds = (mean(knownAt) - mean(finished)) / 1000
  return { requests: calls.length / finished.length, lagSeconds: lag === 'real' ? lagSeconds / speed : lagSeconds }
}

/** Resolves with the moments at which so many clips were first downloaded, which happens as soon as their ends are known. */
export async function downloadsOf({ requests }: StandIn, clips: number, clock: ProviderClock): Promise<number[]> {
  const moments: number[] = []
  while (moments.length < clips) {
    await requests.reached('output', moments.length + 1)
    moments.push(clock.now())
  }
  return moments
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
