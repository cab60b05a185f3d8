import type { ProviderErrorKind } from '../../domain/provider-error.ts'
import type { Status } from '../provider.ts'
import { failedStatus } from '../shared/failed-status.ts'
import { isModerationText } from '../shared/moderation.ts'
import { isSuccess, type ProviderResponse, type Rejection, type RejectionTable } from '../shared/response.ts'
import { readRetryAfter } from '../shared/retry-after.ts'
import { isTransient, kindOfStatus, refusalKinds } from '../shared/status-codes.ts'
import { Body, type Task, type TaskError } from './schemas.ts'

/** The families of Runware's codes, by the first pattern that matches: `invalidApiKey` is about the key, `invalidProviderContent` about the content. */
const families = [
  [
    'moderation',
    /^invalidProviderContent$|contentPolicy|sensitiveContent|nsfwContent|unsafeContent|promptBlocked|imageBlocked|moderation/i,
  ],
  ['conflict', /^conflictTaskUUID$/i],
  ['credit', /credit|quota|balance/i],
  ['rate', /rateLimit|tooManyRequests/i],
  ['key', /apiKey|unauthori[sz]ed|authentication|forbidden|permission/i],
  ['cancelled', /^taskCancell?ed$/i],
  ['missing', /^task(NotFound|Expired|FailedOrNotFound)$/i],
  ['timeout', /timeout/i],
  ['server', /^(internal|server)|serviceUnavailable/i],
  ['provider', /^(provider|inference|taskFailed|model(Unavailable|Error))/i],
  ['input', /^(invalid|missing|unsupported|value|array|conflict)/i],
] as const
type Family = (typeof families)[number][0] | 'unknown'

const kinds: Readonly<Record<Family, ProviderErrorKind>> = {
  moderation: 'moderation',
  conflict: 'invalid_input',
  credit: 'no_credit',
  rate: 'rate_limited',
  key: 'auth',
  cancelled: 'unavailable',
  missing: 'unavailable',
  timeout: 'timeout',
  server: 'unavailable',
  provider: 'unavailable',
  input: 'invalid_input',
  unknown: 'unavailable',
}

/** A create call that is refused with one of these made no task. */
const refusalFamilies: ReadonlySet<Family> = new Set(['moderation', 'credit', 'rate', 'key', 'input'])
const transientFamilies: ReadonlySet<Family> = new Set(['rate', 'missing', 'timeout', 'server', 'provider', 'unknown'])
/** Only an accepted task can fail with one of these. */
const familiesAfterAcceptance: ReadonlySet<Family> = new Set(['moderation', 'timeout', 'provider', 'cancelled'])

/** Runware's table of errors for calls about one task: the body decides, and the HTTP status only where the body says nothing. */
export function runwareRejections(taskUuid: string): RejectionTable {
  return (response, now): Rejection | undefined => {
    const { status } = response
    const retryAfterMs = readRetryAfter(response.headers['retry-after'], now)
    const [error] = [...errorsInTask(taskUuid, response), ...errorsBeside(taskUuid, response)]
    const family = error ? familyOf(error) : 'unknown'
    if (family !== 'unknown') {
      return { kind: kinds[family], notAccepted: refusalFamilies.has(family), retryable: transientFamilies.has(family), retryAfterMs }
    }
    const namesOthers = !error && (Body.safeParse(response.body).data?.errors ?? []).length > 0
    const isRefusal = !namesOthers && status in refusalKinds
    const kind = isRefusal || status >= 500 ? kindOfStatus(status) : undefined
    return kind && { kind, notAccepted: isRefusal, retryable: isTransient(status), retryAfterMs }
  }
}

/** Does a create response say that Runware has the task: acknowledged, or refused as a duplicate of itself? */
export function isAccepted(taskUuid: string, response: ProviderResponse): boolean {
  const isAcknowledged = isSuccess(response) && tasksOf(taskUuid, response).some((task) => !hasFailed(task))
  return isAcknowledged || errorsBeside(taskUuid, response).some((error) => familyOf(error) === 'conflict')
}

/** The failure of the task, if the response to a poll reports one. Runware does not say what a failed task costs. */
export function readTaskFailure(taskUuid: string, response: ProviderResponse): Status | undefined {
  const error =
    errorsInTask(taskUuid, response)[0] ?? errorsBeside(taskUuid, response).find((candidate) => isAboutTask(candidate, taskUuid, response))
  if (!error) return undefined
  const family = familyOf(error)
  return family === 'cancelled' ? { state: 'cancelled' } : failedStatus('runware', kinds[family])
}

/** Does this response prove that Runware knows the task? Undefined where it is not about that. */
export function readPresence(taskUuid: string, response: ProviderResponse): boolean | undefined {
  const errors = errorsBeside(taskUuid, response)
  if (isSuccess(response) && tasksOf(taskUuid, response).length > 0) return true
  if (errors.some((error) => error.taskUUID === taskUuid && familiesAfterAcceptance.has(familyOf(error)))) return true
  return errors.some((error) => familyOf(error) === 'missing') || response.status === 404 ? false : undefined
}

export function tasksOf(taskUuid: string, response: ProviderResponse): Task[] {
  return (Body.safeParse(response.body).data?.data ?? []).filter(({ taskUUID }) => taskUUID === taskUuid)
}

export function hasFailed(task: Task): boolean {
  return task.status === 'error' || (task.status !== 'success' && Boolean(task.error))
}

function familyOf({ code, message }: Pick<TaskError, 'code' | 'message'>): Family {
  const family = families.find(([, pattern]) => pattern.test(code ?? ''))?.[0]
  if (family === 'conflict' || family === 'moderation') return family
  return isModerationText(message ?? '') ? 'moderation' : (family ?? 'unknown')
}

/** Errors inside the task's own entry. */
function errorsInTask(taskUuid: string, response: ProviderResponse): Pick<TaskError, 'code' | 'message'>[] {
  return tasksOf(taskUuid, response)
    .filter(hasFailed)
    .map((task) => task.error ?? task)
}

/** Errors beside the results that name this task or none, whatever the HTTP status. */
function errorsBeside(taskUuid: string, response: ProviderResponse): TaskError[] {
  const body = Body.safeParse(response.body).data
  const single = body?.error ? [{ ...body.error, taskUUID: body.error.taskUUID ?? body.taskUUID }] : []
  return [...(body?.errors ?? []), ...single].filter(({ taskUUID }) => !taskUUID || taskUUID === taskUuid)
}

/**
 * Is this error about the task, and not about the poll itself? Otherwise a paid clip would be discarded because our key or their service failed for a
 * moment.
 */
function isAboutTask(error: TaskError, taskUuid: string, response: ProviderResponse): boolean {
  const family = familyOf(error)
  if (error.taskUUID !== taskUuid) return family === 'moderation' || family === 'cancelled'
  switch (family) {
    case 'rate':
    case 'key':
    case 'missing':
      return false
    case 'server':
    case 'credit':
      return error.status === 'error' && isSuccess(response)
    case 'input':
      // The only input of a poll is the id.
      return error.status === 'error' && !/uuid/i.test(error.code ?? '')
    case 'unknown':
      return error.status === 'error' && response.status < 500
    default:
      return true
  }
}
