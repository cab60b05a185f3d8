import { type Clock, sleep } from '../../lib/clock.ts'
import { exponential } from '../../lib/retry.ts'
import type { Operation } from '../../providers/provider.ts'
import type { Statements } from '../../storage/database.ts'
import { recordOperation } from '../store/attempts.ts'

const delay = exponential(200, 5000)

/**
 * Stores the response to a create call, which exists nowhere else yet: retries until the store accepts it. Once `force` is aborted it tries a last time,
 * then throws the store's error and never the signal's reason, which would mean that nothing was sent.
 */
export async function persistOperation(
  statements: Statements,
  { attemptId, operation }: { attemptId: string; operation: Operation },
  { clock, force }: { clock: Clock; force: AbortSignal },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await recordOperation(statements, attemptId, operation)
      return
    } catch (error) {
      if (force.aborted) throw error
      await sleep(delay(attempt), force, clock)
    }
  }
}
