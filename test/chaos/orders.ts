import { z } from 'zod'

import type { ProviderClock } from '../../sandbox/providers/simulation/provider-clock.ts'
import type { StandIn } from '../../sandbox/providers/stand-in/stand-in.ts'

/**
 * A job at a provider with its line of the invoice: what was ordered, when, and what it cost. Times are milliseconds since the epoch by the wall, whatever
 * the providers' own clock does, so that they compare with what the bots wrote down.
 */
export const ItemisedOrder = z.object({
  provider: z.string(),
  jobId: z.string(),
  prompt: z.string(),
  createdAt: z.number(),
  /** Null while it runs. */
  finishedAt: z.number().nullable(),
  amountMicroUsd: z.number().int(),
})
export type ItemisedOrder = z.infer<typeof ItemisedOrder>

/** Tells the wall's time at a moment of the providers' clock, past or future, as long as that clock runs at the speed it has now. */
export function wallTimesOf(clock: ProviderClock): (virtual: number) => number {
  const now = { virtual: clock.now(), wall: Date.now() }
  return (virtual) => now.wall - (now.virtual - virtual) / clock.speed
}

/**
 * All orders of a provider, each with what the invoice says of it.
 * @param wallTimeOf tells the wall's time at a moment of the providers' clock
 */
export function itemise({ id, jobs, invoice }: StandIn, wallTimeOf: (virtual: number) => number): ItemisedOrder[] {
  return jobs.list().map((job) => ({
    provider: id,
    jobId: job.id,
    prompt: job.order.prompt,
    createdAt: wallTimeOf(job.createdAt),
    finishedAt: job.finishedAt === undefined ? null : wallTimeOf(job.finishedAt),
    amountMicroUsd: invoice.lineOf(job.id)?.amountMicroUsd ?? 0,
  }))
}
