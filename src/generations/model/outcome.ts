import type { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { EndReason } from './generation.ts'

/**
 * What becomes of the reservation: `release` (nothing is due), `capture` (the provider billed and the member knew), `refund` (the provider billed, but the guild
 * got no clip and is not charged), `hold` (nobody can know yet).
 */
export type Settlement = 'release' | 'capture' | 'refund' | 'hold'

/** Thrown by a step of the story: this generation ends here without a clip. */
export class Outcome extends Error {
  override readonly name = 'Ending'
  readonly state: 'failed' | 'cancelled' | 'held'
  readonly reason: EndReason
  readonly settlement: Settlement

  constructor(state: 'failed' | 'cancelled' | 'held', reason: EndReason, settlement: Settlement, { cause }: { cause?: unknown } = {}) {
    super(`${state}: ${reason}`, { cause })
    this.state = state
    this.reason = reason
    this.settlement = settlement
  }
}

/** Thrown by `submit`: this provider certainly did not take the job, and another one may. */
export class FailOver extends Error {
  override readonly name = 'FailOver'
  readonly next: ProviderId
  override readonly cause: ProviderError

  constructor(next: ProviderId, cause: ProviderError) {
    super(`on to ${next}`)
    this.next = next
    this.cause = cause
  }
}
