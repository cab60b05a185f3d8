import type { ProviderResponse, Rejection } from '../shared/response.ts'
import { isModerationText, kindOfStatus, readRetryAfter, toRejection } from '../shared/rejections.ts'
import { ErrorBody } from './schemas.ts'

/** Replicate's table of errors. A create call that is refused with one of the listed 4xx made no prediction. */
export function readReplicateRejection(response: ProviderResponse, now: number): Rejection | undefined {
  const body = ErrorBody.safeParse(response.body).data
  const kind = kindOfStatus(response.status)
  const rejection = toRejection(kind === 'invalid_input' && isModerationText(body?.detail) ? 'moderation' : kind, response, now)
  if (!rejection) return undefined
  // Replicate puts the delay into a header, a field or a sentence, rarely into more than one of them.
  const sentence = /resets in ~?(\d+(?:\.\d+)?)\s*s/i.exec(body?.detail ?? '')?.[1]
  const inBody = readRetryAfter(String(body?.retry_after ?? ''), now) ?? readRetryAfter(sentence, now)
  return { ...rejection, retryAfterMs: rejection.retryAfterMs ?? inBody }
}
