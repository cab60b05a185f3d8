/** What a provider asks, in micro-dollars (1 USD = 1,000,000). A test changes it to see whether a wrong bill is noticed. */
export interface Prices {
  microUsdPerSecond: number
  /** On top, for each clip; 10,000 makes the provider one cent dearer than it says. */
  microUsdPerClip: number
}

/** Every provider lists the model at $0.07 for a second of output. */
export function listPrices(): Prices {
  return { microUsdPerSecond: 70_000, microUsdPerClip: 0 }
}

export function priceOf(durationSeconds: number, prices: Prices): number {
  return durationSeconds * prices.microUsdPerSecond + prices.microUsdPerClip
}
