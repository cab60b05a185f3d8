import { errors } from 'undici'

import type { Clock } from '../../lib/clock.ts'
import { ProviderError, type ProviderErrorKind, type ProviderErrorOptions } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import { NotConnected } from '../../network/connector.ts'
import type { Answer, RejectionTable } from './response.ts'

/**
 * What a call is to the job, and so what its failure means:
 * `prepare` comes before it (harmless to repeat, nothing is lost by asking another provider);
 * `submit` is the billable call (a connection of its own, never sent twice; once bytes may have left, only a listed refusal is a no);
 * `follow` comes after it (a failure says nothing about the job, and never leads to another provider).
 */
export type Step = 'prepare' | 'submit' | 'follow'

/** The one place where what went wrong on the wire becomes a `ProviderError`. */
export interface Failures {
  of(step: Step, kind: ProviderErrorKind, details?: Partial<ProviderErrorOptions>): ProviderError
  /** No complete answer arrived. `maySent`: bytes of the request may have left; `late`: our own deadline ended the call. */
  lost(step: Step, error: unknown, circumstances: { maySent: boolean; late: boolean }): ProviderError
  /** A complete answer arrived, but not the one the call asks for. */
  refused(step: Step, answer: Answer, rejections?: RejectionTable): ProviderError
}

export function createFailures(provider: ProviderId, usual: RejectionTable, clock: Clock): Failures {
  const failures: Failures = {
    of(step, kind, details = {}) {
      return new ProviderError({ provider, kind, failoverSafe: step === 'prepare' && kind !== 'moderation', ...details })
    },
    lost(step, error, { maySent, late }) {
      const cause = plainCause(error)
      if (step === 'submit' && maySent) return failures.of(step, 'submission_unknown', { cause })
      if (step === 'submit') return failures.of(step, 'unavailable', { retryable: true, failoverSafe: true, cause })
      return failures.of(step, late || isTimeout(error) ? 'timeout' : 'unavailable', { retryable: true, cause })
    },
    refused(step, answer, rejections = usual) {
      const httpStatus = answer.status
      const rejection = rejections(answer, clock.now())
      if (step === 'submit' && !rejection?.notAccepted) {
        return failures.of(step, 'submission_unknown', { httpStatus, requestId: rejection?.requestId })
      }
      if (!rejection) return failures.of(step, 'unavailable', { httpStatus, retryable: true })
      const { kind, retryAfterMs, requestId } = rejection
      // A refused create call is refused again, unless only its moment was wrong.
      const retryable = step === 'submit' ? kind === 'rate_limited' : rejection.retryable
      // A provider that took offence at the content is not followed by another.
      const failoverSafe = step !== 'follow' && kind !== 'moderation'
      return failures.of(step, kind, { httpStatus, retryable, retryAfterMs, requestId, failoverSafe })
    },
  }
  return failures
}

function isTimeout(error: unknown): boolean {
  return error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError
}

/**
 * Only a failure's name and code go on: libraries put the answer's bytes, the URL or the socket's addresses into their errors,
 * and a `ProviderError` may be logged.
 */
export function plainCause(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return new Error(error.name + code, { cause: error instanceof NotConnected ? plainCause(error.cause) : undefined })
}
