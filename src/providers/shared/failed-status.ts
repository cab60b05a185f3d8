import { ProviderError, type ProviderErrorKind, type ProviderErrorOptions } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Status } from '../provider.ts'

/** Details of a failed job; `billed` is undefined where the provider's rules do not say. */
interface FailureDetails extends Partial<Omit<ProviderErrorOptions, 'provider' | 'kind'>> {
  billed?: boolean | undefined
}

export function failedStatus(provider: ProviderId, kind: ProviderErrorKind, { billed, ...details }: FailureDetails = {}): Status {
  return { state: 'failed', error: new ProviderError({ provider, kind, ...details }), billed }
}
