import { formatUsd, type MicroUsd } from '../../domain/money.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import { printable } from '../../lib/printable.ts'
import { decidedProvider, type Generation } from './generation.ts'

interface Step {
  provider?: ProviderId | undefined
  /** The provider's id of the job. */
  job?: string | undefined
  reason?: string | undefined
  /** What the provider says that it billed. */
  cost?: MicroUsd | undefined
}

/** The fields of every log line about one step in the life of a clip: what an operator searches for, and never what a member wrote or showed. */
export function describeStep(generation: Generation, { provider = decidedProvider(generation), job, reason, cost }: Step = {}): object {
  const { id, reference, guildId, price } = generation
  return {
    generation: id,
    reference,
    guild: guildId,
    provider,
    job: job === undefined ? undefined : printable(job),
    price: formatUsd(price),
    cost: cost === undefined ? undefined : formatUsd(cost),
    reason,
  }
}
