import type { ItemisedOrder } from './orders.ts'

/** A job at a host, and when the bot let go of it, if it did. */
export interface CountedJob extends Pick<ItemisedOrder, 'host' | 'createdAt' | 'finishedAt'> {
  /** From then on nobody could know that it ran, and its place at the host was given to others. */
  heldAt: number | undefined
}

/**
 * How many jobs ran at the hosts beyond their caps, at the worst moment of each host. A job that was held counts until then: its times by the host and
 * the hold by the bot are both told by the wall of one machine, and the hold is dated before its place is free.
 */
export function countOverCap(jobs: readonly CountedJob[], caps: Readonly<Record<string, number>>): number {
  let over = 0
  for (const [host, cap] of Object.entries(caps)) {
    const own = jobs.filter((job) => job.host === host)
    const most = Math.max(0, ...own.map(({ createdAt }) => own.filter((job) => runsAt(job, createdAt)).length))
    over += Math.max(0, most - cap)
  }
  return over
}

function runsAt({ createdAt, finishedAt, heldAt }: CountedJob, moment: number): boolean {
  return createdAt <= moment && Math.min(finishedAt ?? Infinity, heldAt ?? Infinity) > moment
}
