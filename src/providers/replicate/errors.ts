import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import type { Answer, Rejection } from '../shared/response.ts'
import { isModerationText } from '../shared/moderation.ts'
import { readRetryAfter } from '../shared/retry-after.ts'
import { ErrorBody } from './schemas.ts'

const kindByStatus: Readonly<Record<number, ProviderErrorKind>> = {
  400: 'invalid_input',
  401: 'auth',
  402: 'no_credit',
  403: 'auth',
  404: 'unavailable',
  413: 'invalid_input',
  422: 'invalid_input',
  429: 'rate_limited',
}

/** Replicate's table of errors. A create call answered by one of the listed 4xx made no prediction. */
export function readReplicateRejection(answer: Answer, now: number): Rejection | undefined {
  const { status } = answer
  const kind = kindByStatus[status] ?? (status === 504 ? 'timeout' : status >= 500 ? 'unavailable' : undefined)
  if (!kind) return undefined
  const body = ErrorBody.safeParse(answer.body).data
  const moderated = kind === 'invalid_input' && isModerationText(body?.detail ?? '')
  return {
    kind: moderated ? 'moderation' : kind,
    notAccepted: status in kindByStatus,
    retryable: status === 429 || status >= 500 || status === 404,
    retryAfterMs: readPatience(answer, now),
  }
}

/** The failure of a prediction, from its own words; they go no further than this. */
export function predictionError(words: string | null | undefined): ProviderError {
  return new ProviderError({ provider: 'replicate', kind: isModerationText(words ?? '') ? 'moderation' : 'unavailable' })
}

export function outputGone(): ProviderError {
  return new ProviderError({ provider: 'replicate', kind: 'output_gone' })
}

/** Replicate hints at the wait in three places, of which seldom more than one is filled: a header, a field, a sentence. */
function readPatience({ headers, body }: Answer, now: number): number | undefined {
  const parsed = ErrorBody.safeParse(body).data
  const field = parsed?.retry_after
  const sentence = /resets in ~?(\d+(?:\.\d+)?)\s*s/i.exec(parsed?.detail ?? '')?.[1]
  return (
    readRetryAfter(headers['retry-after'], now) ??
    readRetryAfter(field === null || field === undefined ? undefined : String(field), now) ??
    readRetryAfter(sentence, now)
  )
}
