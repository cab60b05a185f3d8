import { ProviderError, type ProviderErrorKind, type ProviderErrorOptions } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Status } from '../provider.ts'
import type { ProviderResponse, Rejection } from './response.ts'

/** What these statuses mean on every provider. A create call that is refused with one of them made no job. */
const refusalKinds: Readonly<Record<number, ProviderErrorKind>> = {
  400: 'invalid_input',
  401: 'auth',
  402: 'no_credit',
  403: 'auth',
  404: 'unavailable',
  413: 'invalid_input',
  422: 'invalid_input',
  429: 'rate_limited',
}

/** How Kling refuses content; every provider passes these texts on unchanged. */
const moderationTexts = [/risk control system/i, /flagged as sensitive/i, /\(E005\)/, /content_policy_violation/i]

/** A longer hint is cut to this. */
const maxRetryAfterMs = 60 * 60_000

/** The kind of failure by the HTTP status alone; undefined for a status that says nothing. */
export function kindOfStatus(status: number): ProviderErrorKind | undefined {
  if (status === 504) return 'timeout'
  return refusalKinds[status] ?? (status >= 500 ? 'unavailable' : undefined)
}

export function isModerationText(text: string | null | undefined): boolean {
  return moderationTexts.some((refusal) => refusal.test(text ?? ''))
}

/** The rejection of this kind with what the status and the headers say on every provider; undefined without a kind. */
export function toRejection(
  kind: ProviderErrorKind | undefined,
  { status, headers }: Pick<ProviderResponse, 'status' | 'headers'>,
  now: number,
): Rejection | undefined {
  return (
    kind && {
      kind,
      notAccepted: status in refusalKinds,
      // A job that was just created can be unknown (404) for a moment.
      retryable: status === 404 || status === 429 || status >= 500,
      retryAfterMs: readRetryAfter(headers['retry-after'], now),
    }
  )
}

/**
 * Reads a `Retry-After` header: seconds (also fractions, which some providers send) or an HTTP date.
 * @returns milliseconds from `now`, from 0 to one hour, or undefined where there is no readable hint
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  // `Date.parse` would also make a date of "-1".
  const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) - now : Number.NaN
  const delay = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : date
  return Number.isNaN(delay) ? undefined : Math.min(maxRetryAfterMs, Math.max(0, Math.round(delay)))
}

/** Details of a failed job; `billed` is undefined where the provider's rules do not say. */
interface FailureDetails extends Partial<Omit<ProviderErrorOptions, 'provider' | 'kind'>> {
  billed?: boolean | undefined
}

export function failedStatus(provider: ProviderId, kind: ProviderErrorKind, { billed, ...details }: FailureDetails = {}): Status {
  return { state: 'failed', error: new ProviderError({ provider, kind, ...details }), billed }
}
