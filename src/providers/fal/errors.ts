import type { ProviderErrorKind } from '../../domain/provider-error.ts'
import type { Status } from '../provider.ts'
import { failedStatus, isModerationText, kindOfStatus, toRejection } from '../shared/rejections.ts'
import { isSuccess, type ProviderResponse, type Rejection } from '../shared/response.ts'
import { ErrorBody, type RequestStatus } from './schemas.ts'

/** fal's error types, of the model and of the queue. Any other type with status 422 is about the input. */
const kindsByType: readonly (readonly [RegExp, ProviderErrorKind])[] = [
  [/^(generation|request|startup)_timeout$/, 'timeout'],
  [/^(no_media_generated|downstream_service_(error|unavailable)|internal_(server_)?error|runner_\w+)$/, 'unavailable'],
  [/^bad_request$/, 'invalid_input'],
]

/** Failures that fal counts as its own (5xx), which it never bills. */
const unbilledTypes =
  /^(request_timeout|startup_timeout|generation_timeout|runner_\w+|internal_error|internal_server_error|downstream_service_unavailable)$/
const cancelledTypes = /^client_(cancelled|disconnected)$/

/** The types and texts of an error. The texts are only matched, never shown or logged. */
interface ErrorSummary {
  types: string[]
  text: string
}

/** fal's table of errors. A create call that is refused with one of the listed 4xx made no job; one that ends in a 5xx is never billed. */
export function readFalRejection(response: ProviderResponse, now: number): Rejection | undefined {
  if (isSuccess(response)) return undefined
  const rejection = toRejection(kindOf(summarize(response), response.status), response, now)
  if (!rejection) return undefined
  const notAccepted = rejection.notAccepted || response.status === 415 || response.status >= 500
  return { ...rejection, notAccepted, requestId: response.headers['x-fal-request-id'] }
}

/** The failure of a job, read from the response in place of its result; undefined where the response is not about the job. */
export function readJobFailure(response: ProviderResponse): Status | undefined {
  const { status, headers } = response
  const summary = summarize(response)
  if (status < 400 || status === 401 || status === 403 || status === 429) return undefined
  if (summary.types.length === 0 && status !== 422 && status !== 499) return undefined
  const units = readBillableUnits(response)
  const billed = units === undefined ? (status >= 500 ? false : undefined) : units > 0
  if (status === 499 || isCancelled(summary)) return { state: 'cancelled', billed }
  return failedStatus('fal', kindOf(summary, status) ?? 'unavailable', {
    billed,
    httpStatus: status,
    retryable: (headers['x-fal-retryable'] ?? headers['x-fal-needs-retry']) === 'true',
    requestId: headers['x-fal-request-id'],
  })
}

/** The failure that a `COMPLETED` status itself reports; undefined where it reports none. */
export function readStatusFailure({ error, error_type: type }: RequestStatus): Status | undefined {
  if (!error && !type) return undefined
  const summary = { types: type ? [type] : [], text: error ?? '' }
  const billed = type && unbilledTypes.test(type) ? false : undefined
  if (isCancelled(summary)) return { state: 'cancelled', billed }
  return failedStatus('fal', kindOf(summary, 500) ?? 'unavailable', { billed })
}

/** What fal billed, in units of the endpoint (for this model: seconds), as it was printed; undefined where the header is absent. */
export function printedUnits({ headers }: ProviderResponse): string | undefined {
  return headers['x-fal-billable-units']?.trim() || undefined
}

function readBillableUnits(response: ProviderResponse): number | undefined {
  const text = printedUnits(response) ?? ''
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
}

function isCancelled({ types }: ErrorSummary): boolean {
  return types.some((type) => cancelledTypes.test(type))
}

function kindOf({ types, text }: ErrorSummary, status: number): ProviderErrorKind | undefined {
  if (types.includes('content_policy_violation') || isModerationText(text)) return 'moderation'
  if (status === 403 && /locked|exhausted balance/i.test(text)) return 'no_credit'
  const typed = types.flatMap((type) => kindsByType.filter(([pattern]) => pattern.test(type)))[0]
  return typed?.[1] ?? (status === 415 ? 'invalid_input' : kindOfStatus(status))
}

function summarize({ body, headers }: ProviderResponse): ErrorSummary {
  const parsed = ErrorBody.safeParse(body).data
  const details = Array.isArray(parsed?.detail) ? parsed.detail : []
  const types = [...details.map(({ type }) => type), parsed?.error_type, headers['x-fal-error-type']]
  const text = [typeof parsed?.detail === 'string' ? parsed.detail : '', parsed?.error, ...details.map(({ msg }) => msg)]
  return { types: types.filter((type) => typeof type === 'string'), text: text.filter(Boolean).join('\n') }
}
