import { z } from 'zod'

/** The purposes of calls; a fault affects calls of one purpose. */
export const routeNames = [
  'create',
  'status',
  'stream',
  'result',
  'cancel',
  'list',
  'upload',
  'file',
  'output',
  'secret',
  'account',
  'session',
  'webhook',
] as const
export type RouteName = (typeof routeNames)[number]

/** The provider responds with an error and does nothing. */
export const answerFaults = ['refused', 'no-credit', 'busy', 'down', 'bad-key'] as const
/** The job is created and ends like this. `flagged`: the clip is delivered, marked by the provider's content check if it has one. */
export const jobFaults = ['moderated', 'failed', 'timed-out', 'flagged', 'slow'] as const
/** The call succeeds, but its response is lost or corrupted. */
export const lostAnswers = ['lost-answer', 'html', 'empty', 'truncated', 'malformed', 'unknown-shape'] as const
/**
 * `webhook-lost`: it is never sent. `webhook-twice`: the same request is sent twice. `webhook-forged`: its signature is invalid.
 * `webhook-stale`: its valid signature is old. `webhook-of-another-job`: it is sent to this job's URL, validly signed, but names another.
 */
export const webhookFaults = ['webhook-lost', 'webhook-twice', 'webhook-forged', 'webhook-stale', 'webhook-of-another-job'] as const
/** The job completes at once, and its webhook is sent before the response to the create call. */
export const earlyWebhook = 'webhook-first'
/** The finished clip is missing: for good, or for the first calls. */
export const outputFaults = ['output-gone', 'output-late'] as const
/** `reset`: the connection is reset before the provider reads the call. `link-expired`: the clip has a new address from now on. */
export const otherFaults = ['reset', 'link-expired', ...outputFaults] as const

export type AnswerFault = (typeof answerFaults)[number]
export type JobFault = (typeof jobFaults)[number]
export type OutputFault = (typeof outputFaults)[number]
/** A fault planned for a job; with an output fault it succeeds. */
export type PlannedFault = JobFault | OutputFault
export type LostAnswer = (typeof lostAnswers)[number]
export type WebhookFault = (typeof webhookFaults)[number]
export type FaultKind = AnswerFault | JobFault | LostAnswer | WebhookFault | typeof earlyWebhook | (typeof otherFaults)[number]

export interface Fault {
  kind: FaultKind
  /** Unless given: `output` for what is wrong with a clip, `webhook` for webhook faults, otherwise `create`. */
  route?: RouteName | undefined
  /** The number of calls it affects; 1 unless given, `Infinity` until cleared. */
  times?: number | undefined
  /** HTTP status of a corrupted response, in place of the provider's. */
  status?: number | undefined
}

/** The faults that can also be requested over HTTP or with `sandbox:<kind>` in the prompt. */
export const promptFaults = [...answerFaults, ...jobFaults, ...webhookFaults, earlyWebhook, 'lost-answer', ...outputFaults] as const
export type PromptFault = (typeof promptFaults)[number]

/** What `POST /sandbox/faults` takes. */
export const FaultOrder = z.strictObject({
  kind: z.enum(promptFaults),
  route: z.enum(routeNames).optional(),
  times: z.int().min(1).max(1000).optional(),
})

/** The faults that one provider's next calls will meet. */
export class Faults {
  readonly #pending: { kind: FaultKind; route: RouteName; times: number; status: number | undefined }[] = []

  add({ kind, route = defaultRoute(kind), times = 1, status }: Fault): void {
    this.#pending.push({ kind, route, times, status })
  }

  clear(): void {
    this.#pending.length = 0
  }

  /** Takes the oldest pending fault of these kinds for this route. */
  take<Kind extends FaultKind>(route: RouteName, kinds: readonly Kind[]): { kind: Kind; status: number | undefined } | undefined {
    const wanted: readonly FaultKind[] = kinds
    const fault = this.#pending.find((pending) => pending.route === route && wanted.includes(pending.kind))
    if (!fault) return undefined
    fault.times -= 1
    if (fault.times <= 0) this.#pending.splice(this.#pending.indexOf(fault), 1)
    return { kind: fault.kind as Kind, status: fault.status }
  }
}

function defaultRoute(kind: FaultKind): RouteName {
  if (kind === 'link-expired' || (outputFaults as readonly FaultKind[]).includes(kind)) return 'output'
  return (webhookFaults as readonly FaultKind[]).includes(kind) ? 'webhook' : 'create'
}

/** The faults that a prompt requests: `sandbox:moderated`, or `sandbox:down@fal` for one provider, which demonstrates failover. */
export function faultsInPrompt(prompt: string, provider: string): Set<PromptFault> {
  const words = prompt.matchAll(/\bsandbox:([a-z-]+)(?:@([a-z]+))?/g)
  const requested = [...words].filter(([, , only]) => only === undefined || only === provider).map(([, kind]) => kind)
  return new Set(promptFaults.filter((kind) => requested.includes(kind)))
}
