import { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Operation, Status } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { operationColumn } from '../../storage/json-columns.ts'
import type { RunContext } from '../run/context.ts'

/** How often a held job is polled (milliseconds): its provider may be hours late, and no card shows its progress. */
const recheckEveryMs = 5 * 60_000
/** Polled at once: slow providers must not delay what is ready to resume. */
const jobsPerRecheck = 4
const timeoutMs = 10_000

interface HeldJob {
  generationId: string
  provider: ProviderId
  operation: Operation
}

/** Polls the held jobs that are due. Returns the generations (ids) whose provider now reports a final status. */
export async function recheckDue({ database, providers, clock, log }: RunContext, stopping: AbortSignal): Promise<string[]> {
  const due = await takeDue(database.statements, clock.now())
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)])
  const final = due.map(async ({ generationId, provider: id, operation }) => {
    try {
      const status = await providers.get(id)?.status(operation, { signal })
      return status && isFinal(status) ? [generationId] : []
    } catch (error) {
      stopping.throwIfAborted()
      const kind = error instanceof ProviderError ? error.kind : 'timeout'
      log.info({ generation: generationId, provider: id, kind }, 'polling a held job failed; polling again later')
      return []
    }
  })
  return (await Promise.all(final)).flat()
}

/** A cancelled job of unknown cost stays held: resumed, it would only be held again. */
export function isFinal(status: Status): boolean {
  return status.state === 'completed' || status.state === 'failed' || (status.state === 'cancelled' && status.billed !== undefined)
}

/**
 * Takes each due job by moving its `ended_at`, so that only one of several processes polls it. For a held attempt that column is the last time at which it
 * was known to be without a result: when it was held, then at each poll.
 */
async function takeDue(statements: Statements, now: number): Promise<HeldJob[]> {
  const candidates = await statements
    .selectFrom('attempts')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['attempts.id', 'attempts.ended_at'])
    .where('generations.state', '=', 'held')
    .where('generations.held_decision', 'is', null)
    .whereRef('attempts.provider', '=', 'generations.provider')
    .where('attempts.state', '=', 'unknown')
    .where('attempts.operation', 'is not', null)
    .where('attempts.ended_at', '<=', now - recheckEveryMs)
    .orderBy('attempts.ended_at')
    .limit(jobsPerRecheck)
    .execute()
  const taken: HeldJob[] = []
  for (const candidate of candidates) {
    const row = await statements
      .updateTable('attempts')
      .set({ ended_at: now })
      .where('id', '=', candidate.id)
      .where('ended_at', '=', candidate.ended_at)
      .where('state', '=', 'unknown')
      .returningAll()
      .executeTakeFirst()
    if (!row || row.operation === null) continue
    taken.push({ generationId: row.generation_id, provider: row.provider, operation: operationColumn.parse(row.operation) })
  }
  return taken
}
