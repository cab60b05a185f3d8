import type { ProviderId } from '../../domain/provider-id.ts'
import type { Generation } from './generation.ts'

/** Milliseconds for which each provider serves its clips. */
export type OutputLifetimes = ReadonlyMap<ProviderId, number>

/** Of a provider that has been removed: the shortest that is known. */
const fallbackMs = 60 * 60_000

/** When the provider may stop serving a clip that it finished at `finishedAt`. */
export function outputExpiry({ provider }: Pick<Generation, 'provider'>, lifetimes: OutputLifetimes, finishedAt: number): number {
  return finishedAt + lifetimeOf(provider, lifetimes)
}

/** Until when only the upload is tried. In the rest of the output's life a link will do, so that members have time to open it. */
export function uploadDeadline(
  { provider, outputExpiresAt = 0 }: Pick<Generation, 'provider' | 'outputExpiresAt'>,
  lifetimes: OutputLifetimes,
): number {
  return outputExpiresAt - lifetimeOf(provider, lifetimes) / 10
}

function lifetimeOf(provider: ProviderId, lifetimes: OutputLifetimes): number {
  return lifetimes.get(provider) ?? fallbackMs
}
