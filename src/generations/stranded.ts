import type { HostLine } from './claim.ts'
import type { Parts } from './parts.ts'
import { toGeneration } from './rows.ts'
import { endQueued } from './settle.ts'

/**
 * Requests that wait for a host which is no longer set up (the operator took its key away): they go into the line of the next host that may make
 * them, or end with nothing charged. Called once, before anything is claimed.
 */
export async function moveStranded(hosts: readonly HostLine[], { database, delivery, clock, log }: Parts): Promise<void> {
  const known = hosts.map(({ id }) => id)
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
      log.info({ generation: generation.id, from: generation.provider, to: next }, 'a request moved on: its host is no longer set up')
      continue
    }
    const ended = await endQueued(database, generation.id, { state: 'failed', reason: 'unavailable', now: clock.now() })
    if (ended) await delivery.end(ended, { now: clock.now() })
  }
}
