import { ProviderError } from '../../domain/provider-error.ts'
import type { Database } from '../../storage/database.ts'
import { unlessUnreadable } from '../../storage/unreadable-rows.ts'
import type { RunContext } from '../run/context.ts'
import { type Attempt, updateAttempt } from '../store/attempts.ts'

/** How often a held job is polled (milliseconds): its provider may be hours late, and no card shows its progress. */
const recheckEveryMs = 5 * 60_000
/** Polled at once: slow providers must not delay what is ready to resume. */
const jobsPerRecheck = 4
const timeoutMs = 10_000

export type RecheckContext = Pick<RunContext, 'database' | 'providers' | 'clock' | 'log'>

/** Polls the held jobs that are due. Returns the generations (ids) whose provider now reports a final status. */
export async function recheckDue({ database, providers, clock, log }: RecheckContext, stopping: AbortSignal): Promise<string[]> {
  const due = await takeDue(database, clock.now())
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)])
  const final = due.map(async ({ generationId, provider: id, operation }) => {
    try {
      const status = operation && (await providers.get(id)?.status(operation, { signal }))
      return status && status.state !== 'pending' ? [generationId] : []
    } catch (error) {
      stopping.throwIfAborted()
      const kind = error instanceof ProviderError ? error.kind : 'timeout'
      log.info({ generation: generationId, provider: id, kind }, 'polling a held job failed; polling again later')
      return []
    }
  })
  return (await Promise.all(final)).flat()
}

/**
 * Takes each due job by moving its `ended_at`, so that only one of several processes polls it. For a held attempt that column is the last time at which it
 * was known to be without a result: when it was held, then at each poll.
 */
async function takeDue({ statements, setAside }: Database, now: number): Promise<Attempt[]> {
  const candidates = await statements
    .selectFrom('attempts')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['attempts.id', 'attempts.ended_at'])
    .where((row) => row.and({ 'generations.state': 'held', 'generations.held_decision': null, 'attempts.state': 'unknown' }))
    .whereRef('attempts.provider', '=', 'generations.provider')
    .where('attempts.operation', 'is not', null)
    .where('attempts.ended_at', '<=', now - recheckEveryMs)
    // One that cannot be read is not moved, and would be the first for ever.
    .$if(setAside.ids.size > 0, (query) => query.where('attempts.id', 'not in', [...setAside.ids]))
    .orderBy('attempts.ended_at')
    .limit(jobsPerRecheck)
    .execute()
  const taken: Attempt[] = []
  for (const candidate of candidates) {
    const take = () => updateAttempt(statements, { ...candidate, state: 'unknown' }, { ended_at: now })
    const attempt = await unlessUnreadable(take, candidate.id, setAside)
    if (attempt) taken.push(attempt)
  }
  return taken
}
