import type { ClipRequest } from '../domain/clip-request.ts'
import type { MicroUsd } from '../domain/money.ts'

/** The model is billed per second of the clip: $0.07 on every provider so far (docs/providers.md). */
export const microUsdPerSecond: MicroUsd = 70_000

export function pricePerSecond({ durationSeconds }: Pick<ClipRequest, 'durationSeconds'>): MicroUsd {
  return durationSeconds * microUsdPerSecond
}
