import type { ItemisedOrder } from './orders.ts'
import type { Sight } from './onlooker.ts'
import type { PlannedRequest } from './request-plan.ts'
import type { Contents } from './store.ts'

/** A request of the stream as it stands in the end. */
export interface EndedRequest extends PlannedRequest {
  interactionId: string
  sight: Sight
  /** Messages that carry its clip. */
  clips: number
}

export interface Evidence {
  requests: readonly EndedRequest[]
  contents: Contents
  orders: readonly ItemisedOrder[]
  /** Jobs that each host may have at once. */
  caps: Readonly<Record<string, number>>
  /** Create calls of which nobody could know: answers lost on purpose, and kills that fell into one. */
  unknowable: number
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
  /** What the wallets say was spent, less what the invoices say of everything that is not held. */
  ledgerMinusInvoicesMicroUsd: number
  /** How many jobs ran at a host beyond its cap, at the worst moment of each host. */
  capExceeded: number
}

/** Of the requests that met nothing terminal and are not held. */
const leastPostedShare = 0.95

/** What is wrong beyond the numbers; each line is a reason to fail. */
export type Problem = string

/** Lays what the member sees, what the hosts billed and what the bot wrote down beside each other. Pure. */
export function judge(evidence: Evidence): { verdict: Verdict; problems: Problem[] } {
  const { requests, contents } = evidence
  const generations = new Map(contents.generations.map((generation) => [generation.interactionId, generation]))
  const accepted = requests.flatMap((request) => {
    const generation = generations.get(request.interactionId)
    return generation ? [{ ...request, generation }] : []
  })
  const problems: Problem[] = []
  const isRefunded = ({ sight, clips, generation }: (typeof accepted)[number]) =>
    clips === 0 && (sight === 'not made' || sight === 'cancelled' || sight === 'refused') && /release|refund/.test(generation.ledger ?? '')
  const isHeld = ({ sight, clips, generation }: (typeof accepted)[number]) =>
    clips === 0 && generation.state === 'held' && (sight === 'on hold' || sight === 'refused')
  const posted = accepted.filter(({ clips }) => clips > 0)
  const refunded = accepted.filter(isRefunded)
  const held = accepted.filter(isHeld)
  const lost = accepted.filter((request) => request.clips === 0 && !isRefunded(request) && !isHeld(request))
  for (const { mark, sight, generation } of lost)
    problems.push(`${mark} is lost: the member sees “${sight}”, the store says ${describe(generation)}`)
  for (const { mark, generation } of posted) {
    if (generation.state !== 'done' || !/^reserve( hold)? capture$/.test(generation.ledger ?? ''))
      problems.push(`${mark} is posted, but the store says ${describe(generation)}`)
  }
  for (const { mark, sight, interactionId } of requests) {
    if (!generations.has(interactionId) && sight !== 'nothing' && sight !== 'refused' && sight !== 'gone')
      problems.push(`${mark} was never accepted, but the member sees “${sight}”`)
  }
  if (held.length > evidence.unknowable)
    problems.push(`${held.length} are held, but only ${evidence.unknowable} create calls were unknowable`)
  const promising = accepted.filter((request) => !request.terminal && !isHeld(request))
  const made = promising.filter(({ clips }) => clips > 0).length
  if (made < leastPostedShare * promising.length)
    problems.push(`only ${made} of ${promising.length} requests were posted that met nothing terminal`)

  const money = compareMoney(
    evidence,
    held.map(({ mark }) => mark),
  )
  problems.push(...money.problems)
  const billed = (mark: string) =>
    evidence.orders.filter(({ prompt, amountMicroUsd }) => amountMicroUsd > 0 && prompt.includes(mark)).length
  return {
    verdict: {
      requests: accepted.length,
      posted: posted.length,
      refunded: refunded.length,
      failed: refunded.filter(({ generation }) => generation.state === 'failed').length,
      held: held.length,
      lost: lost.length,
      postedTwice: posted.filter(({ clips }) => clips > 1).length,
      billedTwice: requests.filter(({ mark }) => billed(mark) > 1).length,
      ledgerMinusInvoicesMicroUsd: money.difference,
      capExceeded: countOverCap(evidence),
    },
    problems,
  }
}

function compareMoney({ contents, orders }: Evidence, heldMarks: readonly string[]): { difference: number; problems: Problem[] } {
  const problems: Problem[] = []
  const total = (scope: string, column: 'spent' | 'reserved') =>
    contents.wallets.filter((wallet) => wallet.scope === scope).reduce((sum, wallet) => sum + wallet[column], 0)
  const invoiced = orders
    .filter(({ prompt }) => !heldMarks.some((mark) => prompt.includes(mark)))
    .reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0)
  const setAside = contents.generations.filter(({ state }) => state === 'held').reduce((sum, { price }) => sum + price, 0)
  for (const scope of ['installation', 'guild']) {
    const reserved = total(scope, 'reserved')
    if (reserved !== setAside) problems.push(`the wallets of the ${scope} have ${reserved} set aside, the held requests ${setAside}`)
  }
  return { difference: total('installation', 'spent') - invoiced, problems }
}

/**
 * The jobs that ran at once, by the hosts' own times. Those that were ever held do not count: the bot had let go of them, because nobody could know that
 * they ran.
 */
function countOverCap({ contents, orders, caps, requests }: Evidence): number {
  const everHeld = new Set(contents.generations.filter(({ ledger }) => ledger?.includes('hold')).map(({ interactionId }) => interactionId))
  const uncounted = requests.filter(({ interactionId }) => everHeld.has(interactionId)).map(({ mark }) => mark)
  let over = 0
  for (const [host, cap] of Object.entries(caps)) {
    const jobs = orders.filter((order) => order.host === host && !uncounted.some((mark) => order.prompt.includes(mark)))
    const most = Math.max(0, ...jobs.map(({ createdAt }) => jobs.filter((job) => runsAt(job, createdAt)).length))
    over += Math.max(0, most - cap)
  }
  return over
}

function runsAt({ createdAt, finishedAt }: ItemisedOrder, moment: number): boolean {
  return createdAt <= moment && (finishedAt ?? Infinity) > moment
}

function describe({ state, ledger }: Contents['generations'][number]): string {
  return `${state} (${ledger ?? 'no ledger row'})`
}
