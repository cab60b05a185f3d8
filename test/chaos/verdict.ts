import { countOverCap } from './jobs-at-once.ts'
import { compareMoney, ledgerKindsOf } from './money.ts'
import type { Observation } from './observer.ts'
import type { ItemisedOrder } from './orders.ts'
import type { Announced } from './posted-clips.ts'
import type { PlannedRequest } from './request-plan.ts'
import type { Contents } from './store.ts'

/** A request of the stream as it stands in the end. */
export interface EndedRequest extends PlannedRequest, Announced {
  interactionId: string
  /** What the member sees last. */
  observation: Observation
  /** Did a bot that takes requests die about when this one was made? */
  interrupted: boolean
  /** Did a provider lose the answer to a create call of it, or break down over it? */
  answerLost: boolean
}

export interface Evidence {
  requests: readonly EndedRequest[]
  contents: Contents
  orders: readonly ItemisedOrder[]
  /** Jobs that each provider may have at once. */
  caps: Readonly<Record<string, number>>
  /** The attempts whose create call a kill or a stall fell into. */
  insideCreate: ReadonlySet<string>
  /** How often a bot died that takes requests. */
  interruptions: number
}

export interface Verdict {
  /** Accepted: the member's money was set aside. */
  requests: number
  posted: number
  /** Ended without a clip, with the money back. */
  refunded: number
  /** Of those, the ones that failed (the others were cancelled). */
  failed: number
  held: number
  /** Accepted, and neither posted, nor refunded, nor held, as the member sees it. */
  lost: number
  postedTwice: number
  /** Requests with more than one job on the invoices. */
  billedTwice: number
  /** What the ledger says was spent, less what the invoices say, of each request that is not held; added up without the signs. */
  ledgerMinusInvoicesMicroUsd: number
  /** How many jobs ran at a provider beyond its cap, at the worst moment of each provider. */
  capExceeded: number
}

/** Of the requests that met nothing terminal and are not held. */
const leastPostedShare = 0.95
/** The faults in a prompt after which nobody can know whether the provider took the job. */
const losesAnswer = /sandbox:(?:lost-answer|down)\b/

/** The providers that do not say whether a job that was cancelled while it ran is billed. */
const silentOnCancel = new Set(['replicate', 'wavespeed'])

/** What is wrong beyond the numbers; each line is a reason to fail. */
export type Problem = string

interface Accepted extends EndedRequest {
  generation: Contents['generations'][number]
  ledger: string
}

/** Lays what the member sees, what the providers billed and what the bot wrote down beside each other. Pure. */
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
  const jobs = evidence.orders.map((order) => ({ ...order, request: requests.find(({ mark }) => order.prompt.includes(mark)) }))
  const jobsOf = ({ mark }: EndedRequest) => jobs.filter(({ request }) => request?.mark === mark)
  const money = compareMoney(
    requests.map((request) => ({
      mark: request.mark,
      generation: generations.get(request.interactionId),
      isHeld: heldIds.has(request.interactionId),
      orders: jobsOf(request),
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
      ...accepted.flatMap(problemsOfAnnounced),
      ...problemsOfHeld(held, evidence),
      ...problemsOfUnaccepted(evidence),
      ...jobs.filter(({ request }) => !request).map(({ provider, jobId }) => `${provider} has a job that no request asked for: ${jobId}`),
      ...problemsOfShare(accepted),
      ...money.problems,
    ],
  }
}

function isRefunded({ observation, clips, generation, ledger }: Accepted): boolean {
  const isTold = observation === 'not made' || observation === 'cancelled' || observation === 'refused'
  const isOver = generation.state === 'failed' || generation.state === 'cancelled'
  return clips === 0 && isTold && isOver && /^reserve( hold)? (?:release|capture( difference)? refund)$/.test(ledger)
}

function isHeld({ observation, clips, generation, ledger }: Accepted): boolean {
  return clips === 0 && generation.state === 'held' && (observation === 'on hold' || observation === 'refused') && ledger === 'reserve hold'
}

function problemsOfPosted(request: Accepted): Problem[] {
  const { mark, observation, generation, ledger } = request
  const isPaid = generation.state === 'done' && /^reserve( hold)? capture( difference)?$/.test(ledger)
  return [
    ...(isPaid ? [] : [`${mark} is posted, but the store says ${describe(request)}`]),
    ...(observation === 'clip' ? [] : [`${mark} is posted, but the last thing that the member sees is “${observation}”`]),
  ]
}

function problemsOfAnnounced({ mark, cards, calls }: Accepted): Problem[] {
  return [
    ...(cards > 1 ? [`${mark} has ${cards} cards in the channel`] : []),
    ...(calls > 1 ? [`${mark} called its member back ${calls} times`] : []),
  ]
}

/** Held is excused only by what befell a create call of this very request. */
function problemsOfHeld(held: readonly Accepted[], { requests, contents, insideCreate }: Evidence): Problem[] {
  const struck = new Set(contents.attempts.filter(({ id }) => insideCreate.has(id)).map(({ generationId }) => generationId))
  // Nobody lost anything there: the provider was asked to cancel and never tells what that cost.
  const byAnswer = held.filter(({ deed, generation }) => !(deed === 'cancels' && silentOnCancel.has(generation.provider)))
  const groundless = byAnswer.filter(({ prompt, generation }) => !losesAnswer.test(prompt) && !struck.has(generation.id))
  const knowingly = requests.filter(({ answerLost }) => answerLost).length
  return [
    ...groundless.map(({ mark }) => `${mark} is held, but no answer to a create call of it was lost, and no kill fell into one`),
    ...(byAnswer.length > knowingly + struck.size
      ? [`${byAnswer.length} are held, but only ${knowingly} lost an answer and ${struck.size} met a kill in a create call`]
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
      .map(({ id }) => `the store has a request that nobody made: ${id}`),
    ...unaccepted
      .filter((request) => !vanished.includes(request))
      .map(({ mark, observation }) => `${mark} was never accepted, but the member sees “${observation}”`),
    ...vanished
      .filter(({ interrupted }) => !interrupted)
      .map(({ mark, observation }) => `${mark} was never accepted (the member sees “${observation}”), and no bot died over it`),
    ...(vanished.length > interruptions
      ? [`${vanished.length} requests were never accepted, and a bot that takes them died only ${interruptions} times`]
      : []),
  ]
}

function problemsOfShare(accepted: readonly Accepted[]): Problem[] {
  const promising = accepted.filter((request) => !request.terminal && !isHeld(request))
  const made = promising.filter(({ clips }) => clips > 0).length
  if (made >= leastPostedShare * promising.length) return []
  return [`only ${made} of ${promising.length} requests were posted that met nothing terminal`]
}

function describe({ generation, ledger }: Accepted): string {
  return `${generation.state} (${ledger || 'no ledger row'})`
}
