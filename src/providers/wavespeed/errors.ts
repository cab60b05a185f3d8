import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import { type Answer, isSuccess, type Rejection } from '../shared/response.ts'
import { isModerationText } from '../shared/moderation.ts'
import type { Status } from '../provider.ts'
import { readRetryAfter } from '../shared/retry-after.ts'
import { ErrorBody, type Prediction } from './schemas.ts'

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

/** WaveSpeed's own codes, of a task and, as far as we know, of a refused call too. */
const kindByCode: Readonly<Record<number, ProviderErrorKind>> = {
  1200: 'moderation',
  1400: 'invalid_input',
  1401: 'invalid_input',
  // The image could not be fetched, though it is one that WaveSpeed itself stores.
  1402: 'unavailable',
  1403: 'unavailable',
  1405: 'unavailable',
  5000: 'unavailable',
  5003: 'unavailable',
  5004: 'timeout',
}

/** WaveSpeed's table of errors. A create call answered by one of the listed 4xx, in HTTP or in the wrapper, made no task. */
export function readWaveSpeedRejection(answer: Answer, now: number): Rejection | undefined {
  const body = ErrorBody.safeParse(answer.body).data
  const code = body?.code ?? undefined
  const status = isSuccess(answer) ? (code ?? answer.status) : answer.status
  const listed = kindByStatus[status] ?? (status >= 1200 && status < 1403 ? kindByCode[status] : undefined)
  const kind = kindOf(code, body?.message) ?? listed ?? (status === 504 ? 'timeout' : status >= 500 ? 'unavailable' : undefined)
  if (!kind) return undefined
  return {
    kind,
    notAccepted: listed !== undefined,
    retryable: status === 404 || status === 429 || status >= 500,
    retryAfterMs: readRetryAfter(answer.headers['retry-after'], now),
  }
}

/** A task that failed, which WaveSpeed tells with HTTP 200. It gives the money back by itself. */
export function failureOf({ code, error, status }: Prediction): Status {
  const kind = kindOf(code ?? undefined, error) ?? (status === 'timeout' ? 'timeout' : 'unavailable')
  return { state: 'failed', error: new ProviderError({ provider: 'wavespeed', kind }), billed: false }
}

export function outputGone(billed: boolean | undefined): Status {
  return { state: 'failed', error: new ProviderError({ provider: 'wavespeed', kind: 'output_gone' }), billed }
}

function kindOf(code: number | undefined, words: string | null | undefined): ProviderErrorKind | undefined {
  if (isModerationText(words ?? '')) return 'moderation'
  if (/insufficient (balance|credit|funds)/i.test(words ?? '')) return 'no_credit'
  return code === undefined ? undefined : kindByCode[code]
}
