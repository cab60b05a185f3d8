import { errors } from 'undici'

import { ProviderError, type ProviderErrorKind, type ProviderErrorOptions } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Clock } from '../../lib/clock.ts'
import { NotConnected } from '../../network/connector.ts'
import type { ProviderResponse, RejectionTable } from './response.ts'

/**
 * The step of a job that a call belongs to decides what its failure means:
 * `prepare` comes before the billable call: safe to repeat, and another provider may be used instead;
 * `submit` is the billable call: a connection of its own, never sent twice; once bytes may have left, only a listed refusal means "no job";
 * `follow` comes after it: a failure says nothing about the job, and never leads to another provider.
 */
export type Step = 'prepare' | 'submit' | 'follow'

/** The one place where a failed call becomes a `ProviderError`. */
export function createErrorMapping(provider: ProviderId, defaultRejections: RejectionTable, clock: Clock) {
  function of(step: Step, kind: ProviderErrorKind, details: Partial<ProviderErrorOptions> = {}): ProviderError {
    return new ProviderError({ provider, kind, failoverSafe: step === 'prepare' && kind !== 'moderation', ...details })
  }
  return {
    of,
    /** No complete response arrived. `mayHaveSent`: bytes of the request may have left; `late`: our own deadline ended the call. */
    lost(step: Step, error: unknown, { mayHaveSent, late }: { mayHaveSent: boolean; late: boolean }): ProviderError {
      const cause = plainCause(error)
      if (step === 'submit' && mayHaveSent) return of(step, 'submission_unknown', { cause })
      if (step === 'submit') return of(step, 'unavailable', { retryable: true, failoverSafe: true, cause })
      return of(step, late || isTimeout(error) ? 'timeout' : 'unavailable', { retryable: true, cause })
    },
    /** A complete response arrived, but not one that the call expects. */
    refused(step: Step, response: ProviderResponse, rejections = defaultRejections): ProviderError {
      const httpStatus = response.status
      const rejection = rejections(response, clock.now())
      if (step === 'submit' && !rejection?.notAccepted) {
        return of(step, 'submission_unknown', { httpStatus, requestId: rejection?.requestId })
      }
      if (!rejection) return of(step, 'unavailable', { httpStatus, retryable: true })
      const { kind, retryAfterMs, requestId } = rejection
      // A refused create call is refused again, unless only its timing was wrong.
      const retryable = step === 'submit' ? kind === 'rate_limited' : rejection.retryable
      // Content that one provider refused is not offered to another.
      const failoverSafe = step !== 'follow' && kind !== 'moderation'
      return of(step, kind, { httpStatus, retryable, retryAfterMs, requestId, failoverSafe })
    },
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError
}

/** Keeps only an error's name and code: libraries put response bytes, URLs and addresses into their errors, and a `ProviderError` may be logged. */
export function plainCause(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return new Error(error.name + code, { cause: error instanceof NotConnected ? plainCause(error.cause) : undefined })
}
