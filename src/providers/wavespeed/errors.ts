import type { ProviderErrorKind } from '../../domain/provider-error.ts'
import type { Status } from '../provider.ts'
import { failedStatus, isModerationText, kindOfStatus, toRejection } from '../shared/rejections.ts'
import { isSuccess, type ProviderResponse, type Rejection } from '../shared/response.ts'
import { ErrorBody, type Prediction } from './schemas.ts'

/** WaveSpeed's own codes, of a task and, as far as is known, of a refused call too. */
const kindByCode: Readonly<Record<number, ProviderErrorKind>> = {
  1200: 'moderation',
  1400: 'invalid_input',
  1401: 'invalid_input',
  // The image could not be fetched, although WaveSpeed stores it itself.
  1402: 'unavailable',
  1403: 'unavailable',
  1405: 'unavailable',
  5000: 'unavailable',
  5003: 'unavailable',
  5004: 'timeout',
}
/** Those of them that refuse a create call. */
const refusalCodes: ReadonlySet<number> = new Set([1200, 1400, 1401, 1402])

/** WaveSpeed's table of errors. A create call that is refused with one of the listed 4xx, in HTTP or in the wrapper, made no task. */
export function readWaveSpeedRejection(response: ProviderResponse, now: number): Rejection | undefined {
  const body = ErrorBody.safeParse(response.body).data
  const code = body?.code ?? undefined
  const status = isSuccess(response) ? (code ?? response.status) : response.status
  const rejection = toRejection(kindOf(code, body?.message) ?? kindOfStatus(status), { ...response, status }, now)
  return rejection && { ...rejection, notAccepted: rejection.notAccepted || refusalCodes.has(status) }
}

/** A failed task, which WaveSpeed reports with HTTP 200 and refunds by itself. */
export function readTaskFailure({ code, error, status }: Prediction): Status {
  const kind = kindOf(code ?? undefined, error) ?? (status === 'timeout' ? 'timeout' : 'unavailable')
  return failedStatus('wavespeed', kind, { billed: false })
}

function kindOf(code: number | undefined, text: string | null | undefined): ProviderErrorKind | undefined {
  if (isModerationText(text)) return 'moderation'
  if (/insufficient (balance|credit|funds)/i.test(text ?? '')) return 'no_credit'
  return code === undefined ? undefined : kindByCode[code]
}
