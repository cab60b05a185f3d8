import type { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { EndReason } from './generation.ts'

/**
 * What happens to the reservation: `release` (nothing is due), `capture` (the guild is charged), `refund` (the provider billed, but the guild got no clip and
 * is not charged), `assume` (the provider never says whether it billed: the installation books the price, and the guild is not charged), `hold` (not known yet).
 */
export type Settlement = 'release' | 'capture' | 'refund' | 'assume' | 'hold'

/** Thrown by a step of the run: the generation ends here without a clip. */
export class Outcome extends Error {
  override readonly name = 'Outcome'
  readonly state: 'failed' | 'cancelled' | 'held'
  readonly reason: EndReason
  readonly settlement: Settlement
  /** The provider that decided, where that is not the last one. */
  readonly provider: ProviderId | undefined

  constructor(
    state: 'failed' | 'cancelled' | 'held',
    reason: EndReason,
    settlement: Settlement,
    { cause, provider }: { cause?: unknown; provider?: ProviderId } = {},
  ) {
    super(`${state}: ${reason}`, { cause })
    this.state = state
    this.reason = reason
    this.settlement = settlement
    this.provider = provider
  }
}

/** Thrown by `submit`: the provider cannot be used since the claim. Nothing was sent, so the request waits as if it had not been claimed. */
export class BackToQueue extends Error {
  override readonly name = 'BackToQueue'
}

/** Thrown by a step of the run: this provider certainly made and billed nothing, and others may make the clip. */
export class FailOver extends Error {
  override readonly name = 'FailOver'
  readonly candidates: readonly [ProviderId, ...ProviderId[]]
  override readonly cause: ProviderError

  constructor(candidates: readonly [ProviderId, ...ProviderId[]], cause: ProviderError) {
    super(`failing over to ${candidates.join(', ')}`)
    this.candidates = candidates
    this.cause = cause
  }
}
