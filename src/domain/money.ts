/** Money in whole micro-dollars (1 USD = 1,000,000), so that sums are exact. A safe integer. */
export type MicroUsd = number

export const MICRO_USD_PER_USD = 1_000_000

/** Converts dollars as people write them (`0.35`, `"20"`) without rounding. */
export function microUsd(dollars: number | string): MicroUsd {
  const match = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(String(dollars).trim())
  if (!match) throw new RangeError(`not an amount in dollars: ${dollars}`)
  return Number(match[1]) * MICRO_USD_PER_USD + Number((match[2] ?? '').padEnd(6, '0'))
}

/** `$0.35`; more digits only where needed (`$0.0042`). */
export function formatUsd(amount: MicroUsd): string {
  const dollars = (Math.abs(amount) / MICRO_USD_PER_USD).toFixed(6).replace(/(\.\d\d\d*?)0+$/, '$1')
  return `${amount < 0 ? '-' : ''}$${dollars}`
}
