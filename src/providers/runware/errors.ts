import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import { type Answer, isSuccess, type Rejection } from '../shared/response.ts'
import { isModerationText } from '../shared/moderation.ts'
import type { Status } from '../provider.ts'
import { readRetryAfter } from '../shared/retry-after.ts'
import { Body, type Complaint, type Task } from './schemas.ts'

/** The families of Runware's codes. The first that fits counts: `invalidApiKey` is about the key, `invalidProviderContent` about the content. */
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
export type Family = (typeof families)[number][0] | 'unknown'

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

/** Families that say of a create call: no task was made. */
const refusals: ReadonlySet<Family> = new Set(['moderation', 'credit', 'rate', 'key', 'input'])
const passing: ReadonlySet<Family> = new Set(['rate', 'missing', 'timeout', 'server', 'provider', 'unknown'])

export function familyOf({ code, message }: Pick<Complaint, 'code' | 'message'>): Family {
  const family = families.find(([, pattern]) => pattern.test(code ?? ''))?.[0]
  if (family === 'conflict' || family === 'moderation') return family
  return isModerationText(message ?? '') ? 'moderation' : (family ?? 'unknown')
}

/** Every error of the answer that is about this task or names none, whichever HTTP status it came under. */
export function complaintsAbout(taskUuid: string, answer: Answer): Complaint[] {
  const body = Body.safeParse(answer.body).data
  const single = body?.error ? [{ ...body.error, taskUUID: body.error.taskUUID ?? body.taskUUID }] : []
  return [...(body?.errors ?? []), ...single].filter(({ taskUUID }) => !taskUUID || taskUUID === taskUuid)
}

/** Runware's table of errors for calls about one task: the body decides, and HTTP only where the body has nothing to say. */
export function runwareRejections(taskUuid: string): (answer: Answer, now: number) => Rejection | undefined {
  return (answer, now) => {
    const { status } = answer
    const retryAfterMs = readRetryAfter(answer.headers['retry-after'], now)
    const [complaint] = [...failuresOf(taskUuid, answer), ...complaintsAbout(taskUuid, answer)]
    const family = complaint ? familyOf(complaint) : 'unknown'
    if (family !== 'unknown') {
      return { kind: kinds[family], notAccepted: refusals.has(family), retryable: passing.has(family), retryAfterMs }
    }
    const namesOthers = !complaint && (Body.safeParse(answer.body).data?.errors ?? []).length > 0
    const listed = namesOthers || isSuccess(answer) ? undefined : kindByStatus[status]
    const kind = listed ?? (status === 504 ? 'timeout' : status >= 500 ? 'unavailable' : undefined)
    if (!kind) return undefined
    return { kind, notAccepted: listed !== undefined, retryable: status === 404 || status === 429 || status >= 500, retryAfterMs }
  }
}

/** The failure of the task, where the answer to a question after it tells one. Runware does not say what a failed task costs. */
export function readTaskFailure(taskUuid: string, answer: Answer): Status | undefined {
  const own =
    failuresOf(taskUuid, answer)[0] ?? complaintsAbout(taskUuid, answer).find((complaint) => isOfTask(complaint, taskUuid, answer))
  if (!own) return undefined
  const family = familyOf(own)
  if (family === 'cancelled') return { state: 'cancelled' }
  return { state: 'failed', error: new ProviderError({ provider: 'runware', kind: kinds[family] }) }
}

/**
 * An error in answer to a question is the task's end only where it cannot be about the question: a paid clip would be thrown away because our key or
 * their service was out of order for a moment.
 */
function isOfTask(complaint: Complaint, taskUuid: string, answer: Answer): boolean {
  const family = familyOf(complaint)
  if (complaint.taskUUID !== taskUuid) return family === 'moderation' || family === 'cancelled'
  switch (family) {
    case 'rate':
    case 'key':
    case 'missing':
      return false
    case 'server':
    case 'credit':
      return complaint.status === 'error' && isSuccess(answer)
    case 'input':
      // What is wrong with a question can only be its id.
      return complaint.status === 'error' && !/uuid/i.test(complaint.code ?? '')
    case 'unknown':
      return complaint.status === 'error' && answer.status < 500
    default:
      return true
  }
}

/** Only a task that was taken on can have failed of these. */
const afterAcceptance: ReadonlySet<Family> = new Set(['moderation', 'timeout', 'provider', 'cancelled'])

/** Does this answer prove that Runware knows the task? Undefined where the answer is not about that. */
export function readPresence(taskUuid: string, answer: Answer): boolean | undefined {
  const complaints = complaintsAbout(taskUuid, answer)
  if (isSuccess(answer) && tasksOf(taskUuid, answer).length > 0) return true
  if (complaints.some((complaint) => complaint.taskUUID === taskUuid && afterAcceptance.has(familyOf(complaint)))) return true
  return complaints.some((complaint) => familyOf(complaint) === 'missing') || answer.status === 404 ? false : undefined
}

export function tasksOf(taskUuid: string, answer: Answer): Task[] {
  return (Body.safeParse(answer.body).data?.data ?? []).filter(({ taskUUID }) => taskUUID === taskUuid)
}

/** Errors that stand inside the task's own entry. */
function failuresOf(taskUuid: string, answer: Answer): Complaint[] {
  return tasksOf(taskUuid, answer)
    .filter(hasFailed)
    .map((task) => task.error ?? task)
}

export function hasFailed(task: Task): boolean {
  return task.status === 'error' || (task.status !== 'success' && Boolean(task.error))
}

/** The task is over by Runware's word, but has no clip. */
export function outputGone(): Status {
  return { state: 'failed', error: new ProviderError({ provider: 'runware', kind: 'output_gone' }), billed: true }
}
