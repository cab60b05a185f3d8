import type { ClipKind } from '../../domain/clip-request.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Estimates } from '../store/run-time-estimates.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'

export interface RunningClip {
  provider: ProviderId
  clip: ClipKind
  /** When the provider accepted it; undefined until then. */
  startedAt: number | undefined
}

export interface SlotsOptions {
  providers: readonly ProviderCapacity[]
  estimates: Pick<Estimates, 'runMs'>
  now: number
  /** When the providers that are paused open again. */
  openAt: ReadonlyMap<ProviderId, number>
}

/** When each slot of each provider becomes free, by what runs there and how long clips take. Times are milliseconds since the epoch. */
export interface Slots {
  /**
   * Gives the request the slot that is free first; among equals that of the first candidate. Returns when its clip is expected: undefined where the
   * slots of a candidate are not known here.
   */
  take(candidates: readonly ProviderId[], clip: ClipKind): number | undefined
  /** When the first slot of each provider is free. */
  openings(): ReadonlyMap<ProviderId, number>
}

export function createSlots(running: readonly RunningClip[], { providers, estimates, now, openAt }: SlotsOptions): Slots {
  /** The slot that is free first comes first. */
  const slots = new Map<ProviderId, number[]>()
  for (const { id, concurrency } of providers) {
    const ends = running
      .filter(({ provider }) => provider === id)
      .map(({ clip, startedAt = now }) => Math.max(now, startedAt + estimates.runMs(id, clip)))
    const idle = Array.from({ length: concurrency }, () => now)
    // The latest ones count: what is running takes idle slots, and where more are running than may, the first to end free no slot.
    const free = [...idle, ...ends].sort((left, right) => left - right).slice(-concurrency)
    slots.set(
      id,
      free.map((at) => Math.max(at, openAt.get(id) ?? 0)),
    )
  }
  const openings = () => new Map([...slots].flatMap(([id, [at]]): [ProviderId, number][] => (at === undefined ? [] : [[id, at]])))
  return {
    openings,
    take: (candidates, clip) => {
      const best = firstOpening(candidates, openings())
      if (!best) return undefined
      const readyAt = best.at + estimates.runMs(best.id, clip)
      occupy(slots.get(best.id) ?? [], readyAt)
      return best.isCertain ? readyAt : undefined
    },
  }
}

/** Where a request with these candidates is served first; among equals at the first of them. Not certain where the slots of a candidate are not known. */
export function firstOpening(
  candidates: readonly ProviderId[],
  openings: ReadonlyMap<ProviderId, number>,
): { id: ProviderId; at: number; isCertain: boolean } | undefined {
  const known = candidates.flatMap((id) => {
    const at = openings.get(id)
    return at === undefined ? [] : [{ id, at }]
  })
  const [first, ...others] = known
  if (!first) return undefined
  const best = others.reduce((earliest, other) => (other.at < earliest.at ? other : earliest), first)
  return { ...best, isCertain: known.length === candidates.length }
}

/** Replaces the first slot by one that is free later, and keeps the order. */
function occupy(slots: number[], until: number): void {
  slots.shift()
  let [low, high] = [0, slots.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((slots[middle] ?? 0) <= until) low = middle + 1
    else high = middle
  }
  slots.splice(low, 0, until)
}
