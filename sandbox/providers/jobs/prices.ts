import type { JobOrder } from './job.ts'

/** What a provider charges, in micro-dollars (1 USD = 1,000,000). Tests change it to check that a wrong bill is noticed. */
export interface Prices {
  microUsdPerSecond: number
  /** Added for each clip. */
  microUsdPerClip: number
  /** Added for each clip whose content the provider checks on request. */
  microUsdPerContentCheck: number
}

/** Every provider lists the model at $0.07 per second of output. What Runware's content check costs is not published. */
export function listPrices(): Prices {
  return { microUsdPerSecond: 70_000, microUsdPerClip: 0, microUsdPerContentCheck: 20_000 }
}

export function priceOf({ durationSeconds, checksContent = false }: JobOrder, prices: Prices): number {
  return durationSeconds * prices.microUsdPerSecond + prices.microUsdPerClip + (checksContent ? prices.microUsdPerContentCheck : 0)
}
