import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import { type Answer, isSuccess, type Rejection } from '../shared/response.ts'
import { isModerationText } from '../shared/moderation.ts'
import type { Status } from '../provider.ts'
import { readRetryAfter } from '../shared/retry-after.ts'
import { ErrorBody, OutputFailure, type Prediction } from './schemas.ts'

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

/** Codes of a failed job, as documented for Eachlabs' own engine. */
const kindByCode: Readonly<Record<string, ProviderErrorKind>> = {
  PROVIDER_FAILED: 'unavailable',
  PROVIDER_REJECTED: 'moderation',
  PROVIDER_RATE_LIMIT: 'rate_limited',
  PROVIDER_BAD_REQUEST: 'invalid_input',
  INPUT_VALIDATION_ERROR: 'invalid_input',
  EXECUTION_TIMEOUT: 'timeout',
  // The image could not be fetched, though it is one that Eachlabs itself stores.
  INPUT_DOWNLOAD_ERROR: 'unavailable',
}

/** Eachlabs' table of errors. A create call answered by one of the listed 4xx made no job, even where the body is `{}`. */
export function readEachlabsRejection(answer: Answer, now: number): Rejection | undefined {
  const { status, headers } = answer
  if (isSuccess(answer)) return undefined
  const listed = kindByStatus[status]
  const kind = listed ?? (status === 504 ? 'timeout' : status >= 500 ? 'unavailable' : undefined)
  if (!kind) return undefined
  const body = ErrorBody.safeParse(answer.body).data
  const words = wordsOf(body?.message, body?.error, body?.details)
  return {
    kind: kind === 'invalid_input' ? (kindOfWords(words) ?? kind) : kind,
    notAccepted: listed !== undefined,
    retryable: status === 404 || status === 429 || status >= 500,
    retryAfterMs: readRetryAfter(headers['retry-after'], now),
    requestId: headers['x-request-id'],
  }
}

/** A failed job. Its reason may stand in any of five places; the words go no further than this. */
export function failureOf({ output, message, details, error, logs, metrics }: Prediction): Status {
  const told = OutputFailure.safeParse(Array.isArray(output) ? output[0] : output).data
  const words = wordsOf(output, told?.error, told?.error_message, message, details, error) || wordsOf(logs)
  const code = told?.error_code ?? told?.code ?? Object.keys(kindByCode).find((known) => words.includes(known))
  const kind = kindOfWords(words) ?? (code ? kindByCode[code] : undefined) ?? 'unavailable'
  const cost = metrics?.cost
  const billed = cost === null || cost === undefined ? undefined : cost > 0
  return { state: 'failed', error: new ProviderError({ provider: 'eachlabs', kind }), billed }
}

export function outputGone(): Status {
  return { state: 'failed', error: new ProviderError({ provider: 'eachlabs', kind: 'output_gone' }), billed: true }
}

function kindOfWords(words: string): ProviderErrorKind | undefined {
  if (isModerationText(words)) return 'moderation'
  // An older description reports an empty account with 422.
  return /insufficient (balance|credit|funds)|payment required/i.test(words) ? 'no_credit' : undefined
}

function wordsOf(...places: unknown[]): string {
  const words = places.filter((place) => place !== undefined && place !== null && place !== '')
  return words.map((place) => (typeof place === 'string' ? place : JSON.stringify(place))).join('\n')
}
