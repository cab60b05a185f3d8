import { z } from 'zod'

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
})
export type BilledJob = z.infer<typeof BilledJob>

/** Converts times of the providers' clock to real time, as long as that clock keeps its speed. */
export function wallTimesOf(clock: ProviderClock): (virtual: number) => number {
  const now = { virtual: clock.now(), wall: Date.now() }
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
  }))
}
