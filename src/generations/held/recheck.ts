import { ProviderError } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Operation, Status } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { operationColumn } from '../../storage/json-columns.ts'
import type { RunContext } from '../run/context.ts'

/** How often the provider of a held job is asked again, in milliseconds: it may be hours late, and nobody watches a progress bar any more. */
const lookAgainMs = 5 * 60_000
/** Looked at in one go: what waits to be claimed must not wait for many providers. */
const looksAtOnce = 4
const answerWithinMs = 10_000

/** A held job that its provider knows by a handle. */
interface HeldJob {
  generationId: string
  provider: ProviderId
  operation: Operation
}

/** The held generations (ids) of which the provider, asked again, now says what became of them. Most are not due, and then nothing is asked. */
export async function findLateWords({ database, providers, clock, log }: RunContext, stopping: AbortSignal): Promise<string[]> {
  const due = await takeDue(database.statements, clock.now())
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(answerWithinMs)])
  const answers = due.map(async ({ generationId, provider: id, operation }) => {
    const provider = [...providers.values()].find((candidate) => candidate.id === id)
    if (!provider) return []
    try {
      return isLastWord(await provider.status(operation, { signal })) ? [generationId] : []
    } catch (error) {
      stopping.throwIfAborted()
      const kind = error instanceof ProviderError ? error.kind : 'timeout'
      log.info({ generation: generationId, provider: id, kind }, 'the provider of a held generation could not be read; asking again later')
      return []
    }
  })
  return (await Promise.all(answers)).flat()
}

/** A cancelled job whose price the provider does not tell stays held: taking it up again would only hold it once more. */
function isLastWord(status: Status): boolean {
  return status.state === 'completed' || status.state === 'failed' || (status.state === 'cancelled' && status.billed !== undefined)
}

/**
 * The jobs whose turn it is, each taken by moving its stamp on, so that of several processes one asks. The stamp is when the attempt was
 * last known not to have ended well: the moment it was held, then each look.
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
    .where('attempts.ended_at', '<=', now - lookAgainMs)
    .orderBy('attempts.ended_at')
    .limit(looksAtOnce)
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
    const operation = operationColumn.parse(row.operation)
    taken.push({ generationId: row.generation_id, provider: row.provider, operation })
  }
  return taken
}
