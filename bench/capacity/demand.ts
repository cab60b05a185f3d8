import type { DurationSeconds } from '../../src/domain/clip-request.ts'
import { typicalRunMs } from '../../src/generations/store/run-time-estimates.ts'
import type { Random } from '../shared/random.ts'

export const secondsPerDay = 86_400

/** What the members of an installation ask for. */
export interface Demand {
  guilds: number
  /** On average; most servers ask for nothing on most days. */
  requestsPerGuildPerDay: number
  /** How much more is requested per second during the two busiest hours than on average. */
  peakFactor: number
}

const peak = { from: 18 * 3600, until: 20 * 3600 }
const longClipShare = 0.2
/** A run takes from `1 - spread` to `1 + spread` of the typical time. */
const spread = 0.5

/** Requests per second at this second of the day, on average. */
export function requestRate({ guilds, requestsPerGuildPerDay, peakFactor }: Demand, second: number): number {
  const average = (guilds * requestsPerGuildPerDay) / secondsPerDay
  if (second >= peak.from && second < peak.until) return average * peakFactor
  const peakSeconds = peak.until - peak.from
  return (average * (secondsPerDay - peakFactor * peakSeconds)) / (secondsPerDay - peakSeconds)
}

/** How many requests arrive in a second with this average: a number from the Poisson distribution (Knuth's method). */
export function arrivals(average: number, random: Random): number {
  const limit = Math.exp(-average)
  let count = 0
  for (let product = random(); product > limit; product *= random()) count += 1
  return count
}

/** How long the provider needs for the next clip, in seconds. */
export function runSeconds(random: Random): number {
  const duration: DurationSeconds = random() < longClipShare ? 10 : 5
  return (typicalRunMs[duration] / 1000) * (1 - spread + 2 * spread * random())
}
