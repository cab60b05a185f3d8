import type { ItemisedOrder } from './orders.ts'

/** A job at a provider, and when the bot let go of it, if it did. */
export interface CountedJob extends Pick<ItemisedOrder, 'provider' | 'createdAt' | 'finishedAt'> {
  /** From then on nobody could know that it ran, and its place at the provider was given to others. */
  heldAt: number | undefined
}

/**
 * How many jobs ran at the providers beyond their caps, at the worst moment of each provider. A job that was held counts until then: its times by the provider and
 * the hold by the bot are both told by the wall of one machine, and the hold is dated before its place is free.
 */
export function countOverCap(jobs: readonly CountedJob[], caps: Readonly<Record<string, number>>): number {
  let over = 0
  for (const [provider, cap] of Object.entries(caps)) {
    const own = jobs.filter((job) => job.provider === provider)
    const most = Math.max(0, ...own.map(({ createdAt }) => own.filter((job) => runsAt(job, createdAt)).length))
    over += Math.max(0, most - cap)
  }
  return over
}

function runsAt({ createdAt, finishedAt, heldAt }: CountedJob, moment: number): boolean {
  return createdAt <= moment && Math.min(finishedAt ?? Infinity, heldAt ?? Infinity) > moment
}
