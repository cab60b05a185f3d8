import type { ProviderId } from '../../domain/provider-id.ts'

export interface ProviderCapacity {
  id: ProviderId
  /** Jobs that may run at the provider at once. */
  concurrency: number
  createsPerMinute: number
}

/**
 * The generic cell rate algorithm: an even rate of creates, with a burst of about six seconds' worth (never more than the cap).
 * @returns the earliest moment for one more create, and the new `nextCreateAt` once it is made
 */
export function scheduleCreate(nextCreateAt: number, now: number, provider: ProviderCapacity): { at: number; next: number } {
  const { interval, burst } = rateOf(provider)
  const due = Math.max(nextCreateAt, now)
  return { at: due - (burst - 1) * interval, next: due + interval }
}

/** A time further ahead than any burst leaves it comes from a clock that was set back: it must not stop the queue for long. */
export function clamp(nextCreateAt: number, now: number, provider: ProviderCapacity): number {
  const { interval, burst } = rateOf(provider)
  return Math.min(nextCreateAt, now + burst * interval)
}

function rateOf({ createsPerMinute, concurrency }: ProviderCapacity): { interval: number; burst: number } {
  return { interval: Math.ceil(60_000 / createsPerMinute), burst: Math.max(1, Math.min(concurrency, Math.floor(createsPerMinute / 10))) }
}
