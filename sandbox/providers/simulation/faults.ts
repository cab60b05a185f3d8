import { z } from 'zod'

/** The calls of a provider that a fault can be aimed at, by what they are for. */
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
  'session',
  'webhook',
] as const
export type RouteName = (typeof routeNames)[number]

/** The provider answers with an error, and does nothing. */
export const answerFaults = ['refused', 'no-credit', 'busy', 'down', 'bad-key'] as const
/** The job is made, and this becomes of it. `flagged`: the clip is delivered, marked by the provider's own check where it has one. */
export const jobFaults = ['moderated', 'failed', 'timed-out', 'flagged', 'slow'] as const
/** The call does its work, and the answer is lost or corrupted on its way. */
export const lostAnswers = ['lost-answer', 'html', 'empty', 'truncated', 'malformed', 'unknown-shape'] as const
/**
 * What becomes of the next webhook. `webhook-lost`: it never arrives. `webhook-twice`: the very same request, two times.
 * `webhook-forged`: with a proof of its origin that does not hold. `webhook-stale`: rightly signed, long ago.
 * `webhook-of-another-job`: rightly signed, sent where this job's belongs, and speaking of another.
 */
export const webhookFaults = ['webhook-lost', 'webhook-twice', 'webhook-forged', 'webhook-stale', 'webhook-of-another-job'] as const
/** The job is done at once, and its webhook arrives before the create call is answered. */
export const earlyWebhook = 'webhook-first'
/** `reset`: the connection breaks before the provider has read the call. `output-gone`: the finished clip is not there. */
export const otherFaults = ['reset', 'output-gone'] as const

export type AnswerFault = (typeof answerFaults)[number]
export type JobFault = (typeof jobFaults)[number]
/** What a job can be fated to; `output-gone` ends what was a success. */
export type PlannedFault = JobFault | 'output-gone'
export type LostAnswer = (typeof lostAnswers)[number]
export type WebhookFault = (typeof webhookFaults)[number]
export type FaultKind = AnswerFault | JobFault | LostAnswer | WebhookFault | typeof earlyWebhook | (typeof otherFaults)[number]

export interface Fault {
  kind: FaultKind
  /** `create` unless given (`output` for `output-gone`, `webhook` for what happens to a webhook). */
  route?: RouteName | undefined
  /** How many calls it meets; 1 unless given, `Infinity` until cleared. */
  times?: number | undefined
  /** HTTP status of a corrupted answer, instead of the one that the provider would have sent. */
  status?: number | undefined
}

/** The faults that a person can also ask for, over HTTP or by `sandbox:<kind>` in the prompt. */
export const promptFaults = [...answerFaults, ...jobFaults, ...webhookFaults, earlyWebhook, 'lost-answer', 'output-gone'] as const
export type PromptFault = (typeof promptFaults)[number]

/** What `POST /sandbox/faults` takes. */
export const FaultOrder = z.strictObject({
  kind: z.enum(promptFaults),
  route: z.enum(routeNames).optional(),
  times: z.int().min(1).max(1000).optional(),
})

/** What shall go wrong next at one provider. */
export class Faults {
  readonly #waiting: { kind: FaultKind; route: RouteName; times: number; status: number | undefined }[] = []

  add({ kind, route = defaultRoute(kind), times = 1, status }: Fault): void {
    this.#waiting.push({ kind, route, times, status })
  }

  clear(): void {
    this.#waiting.length = 0
  }

  /** Uses up one of the faults that wait for this call, the earliest first. */
  take<Kind extends FaultKind>(route: RouteName, kinds: readonly Kind[]): { kind: Kind; status: number | undefined } | undefined {
    const wanted: readonly FaultKind[] = kinds
    const fault = this.#waiting.find((waiting) => waiting.route === route && wanted.includes(waiting.kind))
    if (!fault) return undefined
    fault.times -= 1
    if (fault.times <= 0) this.#waiting.splice(this.#waiting.indexOf(fault), 1)
    return { kind: fault.kind as Kind, status: fault.status }
  }
}

function defaultRoute(kind: FaultKind): RouteName {
  if (kind === 'output-gone') return 'output'
  return (webhookFaults as readonly FaultKind[]).includes(kind) ? 'webhook' : 'create'
}

/**
 * What a prompt asks to go wrong: `sandbox:moderated`, or `sandbox:down@fal` for one provider alone, so that failing over to
 * another can be seen.
 */
export function faultsInPrompt(prompt: string, provider: string): Set<PromptFault> {
  const words = prompt.matchAll(/\bsandbox:([a-z-]+)(?:@([a-z]+))?/g)
  const asked = [...words].filter(([, , only]) => only === undefined || only === provider).map(([, kind]) => kind)
  return new Set(promptFaults.filter((kind) => asked.includes(kind)))
}
