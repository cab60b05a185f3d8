import { z } from 'zod'

import type { Host } from '../hosts/host.ts'

/** A job at a host with its line of the invoice: what was ordered, when, and what it cost. Times are virtual milliseconds since the epoch. */
export const ItemisedOrder = z.object({
  host: z.string(),
  jobId: z.string(),
  prompt: z.string(),
  createdAt: z.number(),
  /** Null while it runs. */
  finishedAt: z.number().nullable(),
  amountMicroUsd: z.number().int(),
})
export type ItemisedOrder = z.infer<typeof ItemisedOrder>

/** All orders of a host, each with what the invoice says of it. */
export function itemise({ id, jobs, invoice }: Host): ItemisedOrder[] {
  return jobs.list().map((job) => ({
    host: id,
    jobId: job.id,
    prompt: job.order.prompt,
    createdAt: job.createdAt,
    finishedAt: job.finishedAt ?? null,
    amountMicroUsd: invoice.lineOf(job.id)?.amountMicroUsd ?? 0,
  }))
}
