import type { MicroUsd } from '../domain/money.ts'
import { printable } from '../lib/printable.ts'
import type { PrintedCost } from '../providers/provider.ts'

/** What a job cost, as far as it can be believed. */
export interface ProviderCost {
  /** What is booked: the provider's figure, or the listed price where there is none that is plausible. */
  booked: MicroUsd
  /** The provider's figure, where it is plausible. */
  reported?: MicroUsd | undefined
  /** The provider's figure as it was printed, where it is not. */
  implausible?: string | undefined
}

/** A cost may differ from the listed price by one part in this many. */
const tolerance = 5
const printedCharacters = 40

/**
 * Reads the cost that a provider printed. One that is no amount, or more than a fifth away from the listed price, is a mistake somewhere (a unit, a
 * currency, a decimal point) and must not empty a budget: the listed price is booked, and the operator sees the figure.
 */
export function readProviderCost(cost: PrintedCost | undefined, listed: MicroUsd): ProviderCost {
  if (cost === undefined) return { booked: listed }
  const amount = Math.round(toNumber(cost.printed) * cost.unit)
  // Also false for NaN.
  if (Number.isSafeInteger(amount) && Math.abs(amount - listed) * tolerance <= listed) return { booked: amount, reported: amount }
  return { booked: listed, implausible: toText(cost.printed) }
}

function toNumber(printed: unknown): number {
  if (typeof printed === 'number') return printed
  return typeof printed === 'string' && /^\d+(\.\d+)?$/.test(printed.trim()) ? Number(printed) : Number.NaN
}

function toText(printed: unknown): string {
  // `JSON.stringify` would make "null" of an infinite number.
  return printable(
    typeof printed === 'number' ? `${printed}` : typeof printed === 'string' ? printed : JSON.stringify(printed),
    printedCharacters,
  )
}
