import type { ProviderErrorKind } from '../../domain/provider-error.ts'
import type { Status } from '../provider.ts'
import { failedStatus, isModerationText, kindOfStatus, toRejection } from '../shared/rejections.ts'
import { isSuccess, type ProviderResponse, type Rejection } from '../shared/response.ts'
import { ErrorBody, OutputFailure, type Prediction } from './schemas.ts'

/** Codes of a failed job, as documented for Eachlabs' own engine. */
const kindByCode: Readonly<Record<string, ProviderErrorKind>> = {
  PROVIDER_FAILED: 'unavailable',
  PROVIDER_REJECTED: 'moderation',
  PROVIDER_RATE_LIMIT: 'rate_limited',
  PROVIDER_BAD_REQUEST: 'invalid_input',
  INPUT_VALIDATION_ERROR: 'invalid_input',
  EXECUTION_TIMEOUT: 'timeout',
  // The image could not be fetched, although Eachlabs stores it itself.
  INPUT_DOWNLOAD_ERROR: 'unavailable',
}

/** Eachlabs' documented answer where it could not create a prediction. Of any other 5xx it says nothing. */
const failedToCreate = /failed to create prediction/i

/** Eachlabs' table of errors. A create call that is refused with one of the listed 4xx made no job, even where the body is `{}`. */
export function readEachlabsRejection(response: ProviderResponse, now: number): Rejection | undefined {
  if (isSuccess(response)) return undefined
  const kind = kindOfStatus(response.status)
  const body = ErrorBody.safeParse(response.body).data
  const byText = kind === 'invalid_input' ? kindOfText(joinTexts(body?.message, body?.error, body?.details)) : undefined
  const rejection = toRejection(byText ?? kind, response, now)
  if (!rejection) return undefined
  const notCreated = response.status === 500 && failedToCreate.test(joinTexts(body?.error))
  return { ...rejection, notAccepted: rejection.notAccepted || notCreated, requestId: response.headers['x-request-id'] }
}

/** A failed job. Its reason may be in any of five fields; the texts are only matched, never shown or logged. */
export function readJobFailure({ output, message, details, error, logs, metrics }: Prediction): Status {
  const failure = OutputFailure.safeParse(Array.isArray(output) ? output[0] : output).data
  const text = joinTexts(output, failure?.error, failure?.error_message, message, details, error) || joinTexts(logs)
  const code = failure?.error_code ?? failure?.code ?? Object.keys(kindByCode).find((known) => text.includes(known))
  const kind = kindOfText(text) ?? (code ? kindByCode[code] : undefined) ?? 'unavailable'
  // No page says that a failed job is free, and a cost of zero may only mean that it has not been calculated yet.
  const isBilled = Number.parseFloat(String(metrics?.cost)) > 0
  return failedStatus('eachlabs', kind, { billed: isBilled || undefined })
}

function kindOfText(text: string): ProviderErrorKind | undefined {
  if (isModerationText(text)) return 'moderation'
  // An older description reports an empty account with 422.
  return /insufficient (balance|credit|funds)|payment required/i.test(text) ? 'no_credit' : undefined
}

function joinTexts(...values: unknown[]): string {
  const present = values.filter((value) => value !== undefined && value !== null && value !== '')
  return present.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n')
}
