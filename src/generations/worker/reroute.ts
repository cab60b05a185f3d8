import type { ProviderId } from '../../domain/provider-id.ts'
import { toGeneration } from '../store/rows.ts'
import type { RunContext } from '../run/context.ts'
import { endQueued } from '../run/settle.ts'

/**
 * Moves requests out of the queue of a provider that no worker serves any more (the operator removed its key): to the next provider that may make them;
 * without one they end with nothing charged. `served` are the providers of all live workers.
 */
export async function rerouteQueued(served: ReadonlySet<ProviderId>, { database, delivery, clock, log }: RunContext): Promise<void> {
  const rows = await database.statements
    .selectFrom('generations')
    .selectAll()
    .where('state', '=', 'queued')
    .where('provider', 'not in', [...served])
    .execute()
  for (const { id, provider, candidates } of rows.map(toGeneration)) {
    const next = candidates.find((candidate) => served.has(candidate))
    if (next) {
      await database.statements
        .updateTable('generations')
        .set({ provider: next })
        .where('id', '=', id)
        .where('state', '=', 'queued')
        .execute()
      log.info({ generation: id, from: provider, to: next }, 'rerouted a queued request: its provider has no key any more')
      continue
    }
    const ended = await endQueued(database, id, { state: 'failed', reason: 'unavailable', now: clock.now() })
    // Not awaited: a slow Discord must not delay claiming.
    if (ended) void delivery.postOutcome(ended, { now: clock.now() })
  }
}
