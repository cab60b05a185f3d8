import { countOverCap } from './concurrent-jobs.ts'
import { compareMoney, ledgerKindsOf } from './money.ts'
import type { Observation } from '../load/observer.ts'
import type { BilledJob } from '../sandbox/billed-jobs.ts'
import type { RequestMessages } from './channel-messages.ts'
import type { PlannedRequest } from '../load/request-plan.ts'
import type { Contents } from '../shared/store.ts'

/** A request of the stream at the end of the run. */
export interface EndedRequest extends PlannedRequest, RequestMessages {
  interactionId: string
  /** What the member sees last. */
  observation: Observation
  /** Was a bot that accepts requests killed about when this one was made? */
  interrupted: boolean
  /** Did a provider lose the answer to its create call, or fail during it? */
  answerLost: boolean
}

export interface Evidence {
  requests: readonly EndedRequest[]
  contents: Contents
  billedJobs: readonly BilledJob[]
  /** Jobs that each provider may have at once. */
  caps: Readonly<Record<string, number>>
  /** The attempts whose create call was interrupted by a kill or a stall. */
  insideCreate: ReadonlySet<string>
  /** How often a bot that accepts requests was killed. */
  interruptions: number
}

export interface Verdict {
  /** Accepted: the money was reserved. */
  requests: number
  posted: number
  /** Ended without a clip, nothing charged. */
  refunded: number
  /** The refunded ones that failed; the others were cancelled. */
  failed: number
  held: number
  /** Accepted, but neither posted, refunded nor held as far as the member can see. */
  lost: number
  postedTwice: number
  /** Requests with more than one job on the invoices. */
  billedTwice: number
  /** The sum of absolute differences between ledger and invoices over all requests that are not held. */
  ledgerMinusInvoicesMicroUsd: number
  /** How many jobs ran at a provider beyond its cap, at the worst moment of each provider. */
  capExceeded: number
}

/** Of the requests without a terminal fault that are not held. */
const leastPostedShare = 0.95
/** The faults in a prompt after which it is unknown whether the provider accepted the job. */
const losesAnswer = /sandbox:(?:lost-answer|down)\b/

/** The providers that do not say whether a job that was cancelled while it ran is billed. */
const silentOnCancel = new Set(['replicate', 'wavespeed'])

/** Anything wrong beyond the numbers; each is a reason to fail. */
export type Problem = string

interface Accepted extends EndedRequest {
  generation: Contents['generations'][number]
  ledger: string
}

/** Compares what the members see, what the providers billed and what the bot stored. */
export function judge(evidence: Evidence): { verdict: Verdict; problems: Problem[] } {
  const { requests, contents, caps } = evidence
  const generations = new Map(contents.generations.map((generation) => [generation.interactionId, generation]))
  const accepted = requests.flatMap((request): Accepted[] => {
    const generation = generations.get(request.interactionId)
    return generation ? [{ ...request, generation, ledger: ledgerKindsOf(contents, generation.id) }] : []
  })
  const posted = accepted.filter(({ clips }) => clips > 0)
  const refunded = accepted.filter(isRefunded)
  const held = accepted.filter(isHeld)
  const lost = accepted.filter((request) => request.clips === 0 && !isRefunded(request) && !isHeld(request))
  const heldIds = new Set(held.map(({ interactionId }) => interactionId))
  const jobs = evidence.billedJobs.map((job) => ({ ...job, request: requests.find(({ mark }) => job.prompt.includes(mark)) }))
  const jobsOf = ({ mark }: EndedRequest) => jobs.filter(({ request }) => request?.mark === mark)
  const money = compareMoney(
    requests.map((request) => ({
      mark: request.mark,
      generation: generations.get(request.interactionId),
      isHeld: heldIds.has(request.interactionId),
      billedJobs: jobsOf(request),
    })),
    contents,
  )
  const heldAtOf = (request: EndedRequest | undefined) => {
    const id = request && generations.get(request.interactionId)?.id
    return contents.ledger.find(({ generationId, kind }) => generationId === id && kind === 'hold')?.createdAt
  }
  return {
    verdict: {
      requests: accepted.length,
      posted: posted.length,
      refunded: refunded.length,
      failed: refunded.filter(({ generation }) => generation.state === 'failed').length,
      held: held.length,
      lost: lost.length,
      postedTwice: posted.filter(({ clips }) => clips > 1).length,
      billedTwice: requests.filter((request) => jobsOf(request).filter(({ amountMicroUsd }) => amountMicroUsd > 0).length > 1).length,
      ledgerMinusInvoicesMicroUsd: money.difference,
      capExceeded: countOverCap(
        jobs.map(({ request, ...job }) => ({ ...job, heldAt: heldAtOf(request) })),
        caps,
      ),
    },
    problems: [
      ...lost.map((request) => `${request.mark} is lost: the member sees “${request.observation}”, the store says ${describe(request)}`),
      ...posted.flatMap(problemsOfPosted),
      ...accepted.flatMap(problemsOfMessages),
      ...problemsOfHeld(held, evidence),
      ...problemsOfUnaccepted(evidence),
      ...jobs.filter(({ request }) => !request).map(({ provider, jobId }) => `${provider} has a job that belongs to no request: ${jobId}`),
      ...problemsOfShare(accepted),
      ...money.problems,
    ],
  }
}

function isRefunded({ observation, clips, generation, ledger }: Accepted): boolean {
  const isShown = observation === 'not made' || observation === 'cancelled' || observation === 'refused'
  const isOver = generation.state === 'failed' || generation.state === 'cancelled'
  return clips === 0 && isShown && isOver && /^reserve( hold)? (?:release|capture( difference)? refund)$/.test(ledger)
}

function isHeld({ observation, clips, generation, ledger }: Accepted): boolean {
  return clips === 0 && generation.state === 'held' && (observation === 'on hold' || observation === 'refused') && ledger === 'reserve hold'
}

function problemsOfPosted(request: Accepted): Problem[] {
  const { mark, observation, generation, ledger } = request
  const isPaid = generation.state === 'done' && /^reserve( hold)? capture( difference)?$/.test(ledger)
  return [
    ...(isPaid ? [] : [`${mark} is posted, but the store says ${describe(request)}`]),
    ...(observation === 'clip' ? [] : [`${mark} is posted, but the member sees “${observation}”`]),
  ]
}

function problemsOfMessages({ mark, cards, notifications }: Accepted): Problem[] {
  return [
    ...(cards > 1 ? [`${mark} has ${cards} cards in the channel`] : []),
    ...(notifications > 1 ? [`${mark} notified its member ${notifications} times`] : []),
  ]
}

/** A hold is excused only by the loss of an answer to this request's own create call. */
function problemsOfHeld(held: readonly Accepted[], { requests, contents, insideCreate }: Evidence): Problem[] {
  const hit = new Set(contents.attempts.filter(({ id }) => insideCreate.has(id)).map(({ generationId }) => generationId))
  // Nothing was lost there: the provider was asked to cancel, and does not say what that cost.
  const byAnswer = held.filter(({ memberAction, generation }) => !(memberAction === 'cancel' && silentOnCancel.has(generation.provider)))
  const groundless = byAnswer.filter(({ prompt, generation }) => !losesAnswer.test(prompt) && !hit.has(generation.id))
  const answersLost = requests.filter(({ answerLost }) => answerLost).length
  return [
    ...groundless.map(({ mark }) => `${mark} is held, but no answer to its create call was lost and no kill interrupted one`),
    ...(byAnswer.length > answersLost + hit.size
      ? [`${byAnswer.length} are held, but only ${answersLost} lost an answer and ${hit.size} were hit during a create call`]
      : []),
  ]
}

function problemsOfUnaccepted({ requests, contents, interruptions }: Evidence): Problem[] {
  const accepted = new Set(contents.generations.map(({ interactionId }) => interactionId))
  const made = new Set(requests.map(({ interactionId }) => interactionId))
  const unaccepted = requests.filter(({ interactionId }) => !accepted.has(interactionId))
  const vanished = unaccepted.filter(({ observation }) => observation === 'nothing' || observation === 'refused' || observation === 'gone')
  return [
    ...(accepted.size === 0 ? ['no request was accepted: this run proves nothing'] : []),
    ...contents.generations
      .filter(({ interactionId }) => !made.has(interactionId))
      .map(({ id }) => `the store has a request that no member made: ${id}`),
    ...unaccepted
      .filter((request) => !vanished.includes(request))
      .map(({ mark, observation }) => `${mark} was never accepted, but the member sees “${observation}”`),
    ...vanished
      .filter(({ interrupted }) => !interrupted)
      .map(
        ({ mark, observation }) => `${mark} was never accepted (the member sees “${observation}”), although no bot was killed at the time`,
      ),
    ...(vanished.length > interruptions
      ? [`${vanished.length} requests were never accepted, but a bot that accepts them was killed only ${interruptions} times`]
      : []),
  ]
}

function problemsOfShare(accepted: readonly Accepted[]): Problem[] {
  const promising = accepted.filter((request) => !request.terminal && !isHeld(request))
  const made = promising.filter(({ clips }) => clips > 0).length
  if (made >= leastPostedShare * promising.length) return []
  return [`only ${made} of ${promising.length} requests without a terminal fault were posted`]
}

function describe({ generation, ledger }: Accepted): string {
  return `${generation.state} (${ledger || 'no ledger row'})`
}
