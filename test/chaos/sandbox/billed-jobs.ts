import { z } from 'zod'

import type { Job } from '../../../sandbox/providers/jobs/job.ts'
import type { ProviderClock } from '../../../sandbox/providers/simulation/provider-clock.ts'
import type { StandIn } from '../../../sandbox/providers/stand-in/stand-in.ts'

/**
 * A job at a provider and what it was invoiced at. Times are milliseconds since the epoch in real time, whatever the speed of the providers' clock, so that
 * they compare with the times in the bot's store.
 */
export const BilledJob = z.object({
  provider: z.string(),
  jobId: z.string(),
  prompt: z.string(),
  createdAt: z.number(),
  /** Null while it runs. */
  finishedAt: z.number().nullable(),
  amountMicroUsd: z.number().int(),
  /** The fault that the prompt asked for and that ended it without a clip; null if none did. */
  fault: z.enum(['moderated', 'failed', 'timed-out', 'output-gone']).nullable(),
})
export type BilledJob = z.infer<typeof BilledJob>

/** Converts times of the providers' clock to real time, as long as that clock keeps its speed. */
export function wallTimesOf(clock: Pick<ProviderClock, 'now' | 'speed'>, realTime = Date.now): (virtual: number) => number {
  const now = { virtual: clock.now(), wall: realTime() }
  return (virtual) => now.wall - (now.virtual - virtual) / clock.speed
}

/**
 * All jobs of a provider, each with the amount on the invoice.
 * @param wallTimeOf converts a time of the providers' clock to real time
 */
export function listBilledJobs({ id, jobs, invoice }: StandIn, wallTimeOf: (virtual: number) => number): BilledJob[] {
  return jobs.list().map((job) => ({
    provider: id,
    jobId: job.id,
    prompt: job.order.prompt,
    createdAt: wallTimeOf(job.createdAt),
    finishedAt: job.finishedAt === undefined ? null : wallTimeOf(job.finishedAt),
    amountMicroUsd: invoice.lineOf(job.id)?.amountMicroUsd ?? 0,
    fault: faultOf(job),
  }))
}

function faultOf({ state, faults }: Job): BilledJob['fault'] {
  if (state === 'succeeded') return faults.has('output-gone') ? 'output-gone' : null
  return (['moderated', 'failed', 'timed-out'] as const).find((kind) => state === 'failed' && faults.has(kind)) ?? null
}
