import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import { type Answer, isSuccess, type Rejection } from '../shared/response.ts'
import { isModerationText } from '../shared/moderation.ts'
import type { Status } from '../provider.ts'
import { readRetryAfter } from '../shared/retry-after.ts'
import { ErrorBody, type RequestStatus } from './schemas.ts'

/** fal's names of failures, of the model and of the queue. What is not here and comes with a 422 is a complaint about the input. */
const kindByType: Readonly<Record<string, ProviderErrorKind>> = {
  content_policy_violation: 'moderation',
  no_media_generated: 'unavailable',
  generation_timeout: 'timeout',
  downstream_service_error: 'unavailable',
  downstream_service_unavailable: 'unavailable',
  internal_server_error: 'unavailable',
  request_timeout: 'timeout',
  startup_timeout: 'timeout',
  runner_scheduling_failure: 'unavailable',
  runner_connection_timeout: 'unavailable',
  runner_disconnected: 'unavailable',
  runner_connection_refused: 'unavailable',
  runner_connection_error: 'unavailable',
  runner_incomplete_response: 'unavailable',
  runner_server_error: 'unavailable',
  internal_error: 'unavailable',
  bad_request: 'invalid_input',
}

/** Failures that fal counts as its own (5xx), which it never bills. */
const unbilledTypes =
  /^(request_timeout|startup_timeout|generation_timeout|runner_\w+|internal_error|internal_server_error|downstream_service_unavailable)$/
const cancelledTypes = /^client_(cancelled|disconnected)$/

const kindByStatus: Readonly<Record<number, ProviderErrorKind>> = {
  400: 'invalid_input',
  401: 'auth',
  402: 'no_credit',
  403: 'auth',
  404: 'unavailable',
  413: 'invalid_input',
  415: 'invalid_input',
  422: 'invalid_input',
  429: 'rate_limited',
}

interface Complaint {
  types: string[]
  text: string
}

/** fal's table of errors for any call. A create call answered by one of the listed 4xx made no job. */
export function readFalRejection(answer: Answer, now: number): Rejection | undefined {
  const { status, headers } = answer
  if (isSuccess(answer)) return undefined
  const complaint = readComplaint(answer)
  const listed = kindByStatus[status]
  const kind = kindOf(complaint, status)
  if (!kind) return undefined
  return {
    kind,
    notAccepted: listed !== undefined,
    retryable: status === 429 || status >= 500 || status === 404,
    retryAfterMs: readRetryAfter(headers['retry-after'], now),
    requestId: headers['x-fal-request-id'],
  }
}

/** The failure of a job, read from the answer in place of its result; undefined where the answer is not about the job. */
export function readJobFailure(answer: Answer): Status | undefined {
  const { status, headers } = answer
  const complaint = readComplaint(answer)
  if (status < 400 || status === 401 || status === 403 || status === 429) return undefined
  if (complaint.types.length === 0 && status !== 422 && status !== 499) return undefined
  const units = readBillableUnits(answer)
  const billed = units === undefined ? (status >= 500 ? false : undefined) : units > 0
  return failureOf(status === 499 ? { ...complaint, types: ['client_cancelled'] } : complaint, {
    billed,
    httpStatus: status,
    retryable: (headers['x-fal-retryable'] ?? headers['x-fal-needs-retry']) === 'true',
    requestId: headers['x-fal-request-id'],
  })
}

/** The failure that a status of `COMPLETED` itself tells; undefined where it tells none. */
export function readStatusFailure({ error, error_type: type }: RequestStatus): Status | undefined {
  if (!error && !type) return undefined
  return failureOf({ types: type ? [type] : [], text: error ?? '' }, { billed: type && unbilledTypes.test(type) ? false : undefined })
}

/** The job is over by fal's word, but its result is no longer there. */
export function outputGone(answer: Answer): Status {
  const error = new ProviderError({
    provider: 'fal',
    kind: 'output_gone',
    httpStatus: answer.status,
    requestId: answer.headers['x-fal-request-id'],
  })
  // It had finished, and finished jobs are billed.
  return { state: 'failed', error, billed: true }
}

/** What fal says it billed, in units of the endpoint (for this model: seconds); undefined where the header is absent or unreadable. */
export function readBillableUnits({ headers }: Answer): number | undefined {
  const text = headers['x-fal-billable-units']?.trim() ?? ''
  return /^\d{1,9}(\.\d+)?$/.test(text) ? Number(text) : undefined
}

interface FailureDetails {
  billed: boolean | undefined
  httpStatus?: number
  retryable?: boolean
  requestId?: string | undefined
}

function failureOf(complaint: Complaint, { billed, httpStatus, retryable, requestId }: FailureDetails): Status {
  if (complaint.types.some((type) => cancelledTypes.test(type))) return { state: 'cancelled', billed }
  const kind = kindOf(complaint, httpStatus ?? 500) ?? 'unavailable'
  return { state: 'failed', error: new ProviderError({ provider: 'fal', kind, httpStatus, retryable, requestId }), billed }
}

function kindOf({ types, text }: Complaint, status: number): ProviderErrorKind | undefined {
  if (types.includes('content_policy_violation') || isModerationText(text)) return 'moderation'
  if (status === 403 && /locked|exhausted balance/i.test(text)) return 'no_credit'
  const typed = types.map((type) => kindByType[type]).find((kind) => kind !== undefined)
  return typed ?? kindByStatus[status] ?? (status === 504 ? 'timeout' : status >= 500 ? 'unavailable' : undefined)
}

/** Everything the answer names, by type and in words; the words are only matched, never shown or logged. */
function readComplaint({ body, headers }: Answer): Complaint {
  const parsed = ErrorBody.safeParse(body).data
  const details = Array.isArray(parsed?.detail) ? parsed.detail : []
  const types = [...details.map(({ type }) => type), parsed?.error_type, headers['x-fal-error-type']]
  const text = [typeof parsed?.detail === 'string' ? parsed.detail : '', parsed?.error, ...details.map(({ msg }) => msg)]
  return { types: types.filter((type) => typeof type === 'string'), text: text.filter(Boolean).join('\n') }
}
