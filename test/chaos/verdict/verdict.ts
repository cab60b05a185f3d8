import type { Contents } from '../shared/store.ts'
import { allowedEnds, describeMet } from './allowed-ends.ts'
import { problemsOfBudgets } from './budgets.ts'
import { countOverCap } from './concurrent-jobs.ts'
import type { EndedRequest, Evidence, Problem } from './evidence.ts'
import { compareMoney, ledgerKindsOf } from './money.ts'
import { problemsOfUnaccepted } from './unaccepted.ts'

export interface Verdict {
  /** Accepted: the money was reserved. */
  requests: number
  /** Also those whose card was deleted, so that at most the requester got the clip. */
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

/** The kinds of ledger rows of a request, in their order. Once the server's share of a held request is released, the rest is the installation's. */
const heldLedger = /^reserve hold( release-guild)?$/
const paidLedger = /^reserve( hold)?( capture| release-guild capture-installation)( difference)?$/
const refundedLedger =
  /^reserve( hold)? (?:release|capture( difference)? refund|assumed release-guild|release-guild (?:release-installation|capture-installation( difference)?|assumed))$/

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
  const posted = accepted.filter((request) => request.clips > 0 || isWithheld(request))
  const refunded = accepted.filter(isRefunded)
  const held = accepted.filter(isHeld)
  const lost = accepted.filter((request) => !posted.includes(request) && !isRefunded(request) && !isHeld(request))
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
      ...problemsOfEnds([...refunded, ...held], evidence),
      ...problemsOfUnaccepted(evidence),
      ...problemsOfBudgets(evidence),
      ...jobs.filter(({ request }) => !request).map(({ provider, jobId }) => `${provider} has a job that belongs to no request: ${jobId}`),
      ...money.problems,
    ],
  }
}

/** A clip that was paid, of which nothing was posted again after its card was deleted: its requester reads so in a private message. */
function isWithheld({ deleted, clips, generation }: Accepted): boolean {
  return deleted && clips === 0 && generation.state === 'done'
}

function isRefunded({ observation, clips, generation, ledger, deleted }: Accepted): boolean {
  const isShown = deleted || observation === 'not made' || observation === 'cancelled' || observation === 'refused'
  const isOver = generation.state === 'failed' || generation.state === 'cancelled'
  return clips === 0 && isShown && isOver && refundedLedger.test(ledger)
}

function isHeld({ observation, clips, generation, ledger, deleted }: Accepted): boolean {
  const isShown = deleted || observation === 'on hold' || observation === 'refused'
  return clips === 0 && generation.state === 'held' && isShown && heldLedger.test(ledger)
}

function problemsOfPosted(request: Accepted): Problem[] {
  const { mark, observation, generation, ledger } = request
  const isPaid = generation.state === 'done' && paidLedger.test(ledger)
  return [
    ...(isPaid ? [] : [`${mark} is posted, but the store says ${describe(request)}`]),
    ...(observation === (isWithheld(request) ? 'refused' : 'clip') ? [] : [`${mark} is posted, but the member sees “${observation}”`]),
  ]
}

function problemsOfMessages({ mark, cards, clips, notifications, deleted }: Accepted): Problem[] {
  return [
    ...(deleted && cards + clips > 0 ? [`${mark} was posted again although its card was deleted`] : []),
    ...(cards > 1 ? [`${mark} has ${cards} cards in the channel`] : []),
    ...(notifications > 1 ? [`${mark} notified its member ${notifications} times`] : []),
  ]
}

/** Every accepted request is posted, unless a fault that it met itself allows another end. */
function problemsOfEnds(unposted: readonly Accepted[], { contents, insideCreate }: Evidence): Problem[] {
  const interrupted = new Set(contents.attempts.filter(({ id }) => insideCreate.has(id)).map(({ generationId }) => generationId))
  return unposted.flatMap((request) => {
    const { mark, generation } = request
    const { id, provider, state, endReason } = generation
    const allowed: ReadonlySet<string> = allowedEnds(request, interrupted.has(id))
    if (allowed.has(state)) return []
    return [
      `${mark} is ${state} at ${provider} (${endReason ?? 'no reason'}), and no fault that it met allows that: ${describeMet(request)}`,
    ]
  })
}

function describe({ generation, ledger }: Accepted): string {
  return `${generation.state} (${ledger || 'no ledger row'}, generation ${generation.id})`
}
