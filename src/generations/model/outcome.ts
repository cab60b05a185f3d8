import type { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { EndReason } from './generation.ts'

/**
 * What happens to the reservation: `release` (nothing is due), `capture` (the guild is charged), `refund` (the provider billed, but the guild got no clip and
 * is not charged), `hold` (not known yet).
 */
export type Settlement = 'release' | 'capture' | 'refund' | 'hold'

/** Thrown by a step of the run: the generation ends here without a clip. */
export class Outcome extends Error {
  override readonly name = 'Outcome'
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

/** Thrown by `submit`: this provider certainly did not accept the job, and `next` may. */
export class FailOver extends Error {
  override readonly name = 'FailOver'
  readonly next: ProviderId
  override readonly cause: ProviderError

  constructor(next: ProviderId, cause: ProviderError) {
    super(`failing over to ${next}`)
    this.next = next
    this.cause = cause
  }
}
