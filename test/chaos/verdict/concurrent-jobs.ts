import type { BilledJob } from '../sandbox/billed-jobs.ts'

/** A job at a provider, and when the bot held its generation, if it did. */
export interface CountedJob extends Pick<BilledJob, 'provider' | 'createdAt' | 'finishedAt'> {
  /** From then on the bot cannot know whether the job runs, and gives its slot to others. */
  heldAt: number | undefined
}

/**
 * How many jobs ran beyond the providers' caps, at the worst moment of each provider. A held job counts until it was held: both times are real time of
 * one machine, and the hold is recorded before its slot is free.
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
