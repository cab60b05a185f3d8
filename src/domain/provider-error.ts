import type { ProviderId } from './provider-id.ts'

/** What kind of failure a provider reported, in our words. The member reads a sentence of ours, never the provider's text. */
export const providerErrorKinds = [
  'invalid_input', // the provider refused the request as malformed or unsupported
  'moderation', // the provider refused the content; never tried elsewhere
  'rate_limited',
  'auth', // the key is wrong or may not use this model
  'no_credit', // the operator's account at the provider is empty or locked
  'unavailable', // the provider is down or failed at the job
  'timeout',
  'submission_unknown', // bytes of a billable request left and no response says what became of them
  'output_gone', // the provider finished, but the clip can no longer be fetched
] as const
export type ProviderErrorKind = (typeof providerErrorKinds)[number]

export interface ProviderErrorOptions {
  provider: ProviderId
  kind: ProviderErrorKind
  /** May the same call be made again as it is? */
  retryable?: boolean
  /** Is it certain that the provider did not accept the job, so that another provider may be asked? A whitelist: false unless known. */
  failoverSafe?: boolean
  /** Milliseconds the provider asked us to wait. */
  retryAfterMs?: number | undefined
  /** The provider's own id of the request, for its support. */
  requestId?: string | undefined
  httpStatus?: number | undefined
  cause?: unknown
}

/** A failure of a provider. Its message holds no prompt, no key and no signed URL: it may be logged. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly provider: ProviderId
  readonly kind: ProviderErrorKind
  readonly retryable: boolean
  readonly failoverSafe: boolean
  readonly retryAfterMs: number | undefined
  readonly requestId: string | undefined
  readonly httpStatus: number | undefined

  constructor(options: ProviderErrorOptions) {
    super(`${options.provider}: ${options.kind}${options.httpStatus ? ` (HTTP ${options.httpStatus})` : ''}`, { cause: options.cause })
    this.provider = options.provider
    this.kind = options.kind
    this.retryable = options.retryable ?? false
    this.failoverSafe = options.failoverSafe ?? false
    this.retryAfterMs = options.retryAfterMs
    this.requestId = options.requestId
    this.httpStatus = options.httpStatus
  }
}
