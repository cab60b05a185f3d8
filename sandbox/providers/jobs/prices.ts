/** What a provider charges, in micro-dollars (1 USD = 1,000,000). Tests change it to check that a wrong bill is noticed. */
export interface Prices {
  microUsdPerSecond: number
  /** Added for each clip. */
  microUsdPerClip: number
}

/** Every provider lists the model at $0.07 per second of output. */
export function listPrices(): Prices {
  return { microUsdPerSecond: 70_000, microUsdPerClip: 0 }
}

export function priceOf(durationSeconds: number, prices: Prices): number {
  return durationSeconds * prices.microUsdPerSecond + prices.microUsdPerClip
}
