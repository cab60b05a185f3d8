import type { ProviderErrorKind } from '../../domain/provider-error.ts'
import type { Status } from '../provider.ts'
import { failedStatus, isModerationText, kindOfStatus, readRetryAfter, toRejection } from '../shared/rejections.ts'
import { isSuccess, type ProviderResponse, type RejectionTable } from '../shared/response.ts'
import { Body, type Task, type TaskError } from './schemas.ts'

type FamilyName =
  | 'moderation'
  | 'conflict'
  | 'credit'
  | 'model-rate'
  | 'rate'
  | 'key'
  | 'cancelled'
  | 'missing'
  | 'timeout'
  | 'server'
  | 'provider'
  | 'input'
  | 'unknown'

interface Family {
  name: FamilyName
  kind: ProviderErrorKind
  codes?: RegExp
  /** A create call that is refused with it made no task. */
  refuses?: true
  transient?: true
  /** Only an accepted task can fail with it. */
  afterAcceptance?: true
}

const moderation: Family = {
  name: 'moderation',
  kind: 'moderation',
  codes: /^invalidProviderContent$|contentPolicy|sensitiveContent|nsfwContent|unsafeContent|promptBlocked|imageBlocked|moderation/i,
  refuses: true,
  afterAcceptance: true,
}
const unknown: Family = { name: 'unknown', kind: 'unavailable', transient: true }

/** The families of Runware's codes, by the first pattern that matches: `invalidApiKey` is about the key, `invalidProviderContent` about the content. */
const families: readonly Family[] = [
  moderation,
  { name: 'conflict', kind: 'invalid_input', codes: /^conflictTaskUUID$/i },
  { name: 'credit', kind: 'no_credit', codes: /credit|quota|balance/i, refuses: true },
  // The limit that a task met at Kling is the end of that task; Runware's own may be that of the poll.
  { name: 'model-rate', kind: 'rate_limited', codes: /^providerRateLimit/i, refuses: true, transient: true, afterAcceptance: true },
  { name: 'rate', kind: 'rate_limited', codes: /rateLimit|tooManyRequests/i, refuses: true, transient: true },
  { name: 'key', kind: 'auth', codes: /apiKey|unauthori[sz]ed|authentication|forbidden|permission/i, refuses: true },
  { name: 'cancelled', kind: 'unavailable', codes: /^taskCancell?ed$/i, afterAcceptance: true },
  { name: 'missing', kind: 'unavailable', codes: /^task(NotFound|Expired|FailedOrNotFound)$/i, transient: true },
  { name: 'timeout', kind: 'timeout', codes: /timeout/i, transient: true, afterAcceptance: true },
  { name: 'server', kind: 'unavailable', codes: /^(internal|server)|serviceUnavailable/i, transient: true },
  {
    name: 'provider',
    kind: 'unavailable',
    codes: /^(provider|inference|taskFailed|model(Unavailable|Error))/i,
    transient: true,
    afterAcceptance: true,
  },
  { name: 'input', kind: 'invalid_input', codes: /^(invalid|missing|unsupported|value|array|conflict)/i, refuses: true },
]

/** Runware's table of errors for calls about one task: the body decides, and the HTTP status only where the body says nothing. */
export function runwareRejections(taskUuid: string): RejectionTable {
  return (response, now) => {
    const [error] = [...errorsInTask(taskUuid, response), ...errorsBeside(taskUuid, response)]
    const family = error ? familyOf(error) : unknown
    if (family !== unknown) {
      const { kind, refuses: notAccepted = false, transient: retryable = false } = family
      return { kind, notAccepted, retryable, retryAfterMs: readRetryAfter(response.headers['retry-after'], now) }
    }
    const namesOthers = !error && (Body.safeParse(response.body).data?.errors ?? []).length > 0
    return namesOthers && response.status < 500 ? undefined : toRejection(kindOfStatus(response.status), response, now)
  }
}

/** Does a create response say that Runware has the task: acknowledged, or refused as a duplicate of itself? */
export function isAccepted(taskUuid: string, response: ProviderResponse): boolean {
  const isAcknowledged = isSuccess(response) && tasksOf(taskUuid, response).some((task) => !hasFailed(task))
  return isAcknowledged || errorsBeside(taskUuid, response).some((error) => familyOf(error).name === 'conflict')
}

/** The failure of the task, if the response to a poll reports one. Runware does not say what a failed task costs. */
export function readTaskFailure(taskUuid: string, response: ProviderResponse): Status | undefined {
  const error =
    errorsInTask(taskUuid, response)[0] ?? errorsBeside(taskUuid, response).find((candidate) => isAboutTask(candidate, taskUuid, response))
  if (!error) return undefined
  const family = familyOf(error)
  return family.name === 'cancelled' ? { state: 'cancelled' } : failedStatus('runware', family.kind)
}

/** Does this response prove that Runware knows the task? Undefined where it is not about that. */
export function readPresence(taskUuid: string, response: ProviderResponse): boolean | undefined {
  const errors = errorsBeside(taskUuid, response)
  if (isSuccess(response) && tasksOf(taskUuid, response).length > 0) return true
  if (errors.some((error) => error.taskUUID === taskUuid && familyOf(error).afterAcceptance)) return true
  return errors.some((error) => familyOf(error).name === 'missing') || response.status === 404 ? false : undefined
}

export function tasksOf(taskUuid: string, response: ProviderResponse): Task[] {
  return (Body.safeParse(response.body).data?.data ?? []).filter(({ taskUUID }) => taskUUID === taskUuid)
}

export function hasFailed(task: Task): boolean {
  return task.status === 'error' || (task.status !== 'success' && Boolean(task.error))
}

function familyOf({ code, message }: Pick<TaskError, 'code' | 'message'>): Family {
  const family = families.find(({ codes }) => codes?.test(code ?? '')) ?? unknown
  return family.name !== 'conflict' && isModerationText(message) ? moderation : family
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
  const family = familyOf(error).name
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
