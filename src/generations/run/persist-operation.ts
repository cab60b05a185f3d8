import type { Clock } from '../../lib/clock.ts'
import type { Operation } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { recordOperation } from '../store/attempts.ts'

const longestPauseMs = 5000

/**
 * Stores the answer to a create call, which exists nowhere else yet: a store that is away is asked again until it takes it. Throws the store's
 * error only once `force` is aborted.
 */
export async function keepOperation(
  statements: Statements,
  attemptId: string,
  operation: Operation,
  { clock, force }: { clock: Clock; force: AbortSignal },
): Promise<void> {
  for (let wait = 200; ; wait = Math.min(wait * 2, longestPauseMs)) {
    try {
      await recordOperation(statements, attemptId, operation)
      return
    } catch (error) {
      if (force.aborted) throw error
      await clock.sleep(wait, { signal: force }).catch(() => undefined) // aborted: one last try
    }
  }
}
