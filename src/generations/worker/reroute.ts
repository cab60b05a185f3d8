import type { ProviderId } from '../../domain/provider-id.ts'
import type { RunContext } from '../run/context.ts'
import { toGeneration } from '../store/rows.ts'
import { endQueued } from '../run/settle.ts'

/**
 * Requests that wait for a provider which nobody serves any more (the operator took its key away): they go into the line of the next provider that may make
 * them, or end with nothing charged. `served` are the providers of all living workers: one that is not set up for a provider leaves it to those that are.
 */
export async function moveStranded(served: ReadonlySet<ProviderId>, { database, delivery, clock, log }: RunContext): Promise<void> {
  const known = [...served]
  const stranded = await database.statements
    .selectFrom('generations')
    .selectAll()
    .where('state', '=', 'queued')
    .where('provider', 'not in', known)
    .execute()
  for (const generation of stranded.map(toGeneration)) {
    const next = generation.candidates.find((id) => known.includes(id))
    if (next) {
      await database.statements
        .updateTable('generations')
        .set({ provider: next })
        .where('id', '=', generation.id)
        .where('state', '=', 'queued')
        .execute()
      log.info({ generation: generation.id, from: generation.provider, to: next }, 'a request moved on: its provider is no longer set up')
      continue
    }
    const ended = await endQueued(database, generation.id, { state: 'failed', reason: 'unavailable', now: clock.now() })
    // Not waited for: claiming must not stand still while Discord is slow.
    if (ended) void delivery.postOutcome(ended, { now: clock.now() })
  }
}
