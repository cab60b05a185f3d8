import type { ClipRequest } from '../domain/clip-request.ts'
import type { MicroUsd } from '../domain/money.ts'

/** Kling 2.5 Turbo Pro is billed per second of the clip: $0.07 on every provider so far (docs/providers.md). */
export const microUsdPerSecond: MicroUsd = 70_000

export function pricePerSecond(request: Pick<ClipRequest, 'durationSeconds'>): MicroUsd {
  return request.durationSeconds * microUsdPerSecond
}
