import { isModerationText } from '../shared/moderation.ts'
import type { ProviderResponse, Rejection } from '../shared/response.ts'
import { readRetryAfter } from '../shared/retry-after.ts'
import { isTransient, kindOfStatus, refusalKinds } from '../shared/status-codes.ts'
import { ErrorBody } from './schemas.ts'

/** Replicate's table of errors. A create call that is refused with one of the listed 4xx made no prediction. */
export function readReplicateRejection(response: ProviderResponse, now: number): Rejection | undefined {
  const { status } = response
  const kind = kindOfStatus(status)
  if (!kind) return undefined
  const body = ErrorBody.safeParse(response.body).data
  const moderated = kind === 'invalid_input' && isModerationText(body?.detail ?? '')
  return {
    kind: moderated ? 'moderation' : kind,
    notAccepted: status in refusalKinds,
    retryable: isTransient(status),
    retryAfterMs: readRetryDelay(response, now),
  }
}

/** Replicate puts the delay into a header, a field or a sentence, rarely into more than one of them. */
function readRetryDelay({ headers, body }: ProviderResponse, now: number): number | undefined {
  const parsed = ErrorBody.safeParse(body).data
  const field = parsed?.retry_after
  const sentence = /resets in ~?(\d+(?:\.\d+)?)\s*s/i.exec(parsed?.detail ?? '')?.[1]
  return (
    readRetryAfter(headers['retry-after'], now) ??
    readRetryAfter(field === null || field === undefined ? undefined : String(field), now) ??
    readRetryAfter(sentence, now)
  )
}
