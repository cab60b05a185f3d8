import type { ProviderError } from '../../domain/provider-error.ts'
import { sleep } from '../../lib/clock.ts'
import { exponential } from '../../lib/retry.ts'
import type { Operation } from '../../providers/provider.ts'
import { StoredRowError } from '../../storage/json-columns.ts'
import type { Generation } from '../model/generation.ts'
import { Outcome } from '../model/outcome.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { type Attempt, closeUnsent, recordLostResponse } from '../store/attempts.ts'
import { findGeneration } from '../store/generations.ts'
import { OperationTaken, recordAccepted, recordOperation, recordRefusal } from '../store/provider-facts.ts'
import type { RunContext } from './context.ts'
import { type Admission, noteFailure } from '../queue/provider-health.ts'

/* What a provider answered to a create call exists nowhere else yet. */

type AnswerContext = Pick<RunContext, 'database' | 'owner' | 'clock' | 'log' | 'outageSpeed'>

const retryDelay = exponential(200, 5000)

/**
 * Repeats `write` until the store accepts it. Once `force` is aborted it tries a last time, then throws the store's error and never the signal's reason,
 * which would mean that nothing was sent.
 */
export async function untilStored<Result>(
  write: () => Promise<Result>,
  force: AbortSignal,
  { clock, log }: Pick<RunContext, 'clock' | 'log'>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write()
    } catch (error) {
      // The store works, and says the same each time.
      if (error instanceof Outcome || error instanceof LeaseLost || error instanceof StoredRowError) throw error
      if (force.aborted) throw error
      log.error({ error }, "the store did not take a provider's answer; trying again")
      await sleep(retryDelay(tries), force, clock)
    }
  }
}

/**
 * Stores the job of a create call, and that its generation renders. Undefined if only the job was stored: the generation has another owner by now, or the store
 * did not take the two together. A job that another attempt has is not a second one, or its id is wrong: held, so that the operator looks at the invoice.
 */
export function storeOperation(
  attempt: Attempt,
  operation: Operation,
  context: AnswerContext,
  force: AbortSignal,
): Promise<Generation | undefined> {
  const { log } = context
  const write = async () => {
    try {
      return await recordJob(attempt, operation, context)
    } catch (error) {
      if (!(error instanceof OperationTaken)) throw error
      const fields = { generation: attempt.generationId, provider: attempt.provider, job: operation.id }
      log.error(fields, 'the provider named a job that another request has')
      throw new Outcome('held', 'submission_unknown', 'hold', { cause: error })
    }
  }
  return untilStored(write, force, context)
}

/** Nothing that concerns the generation may keep its job from being stored. */
async function recordJob(
  attempt: Attempt,
  operation: Operation,
  { database, owner, clock, log }: AnswerContext,
): Promise<Generation | undefined> {
  try {
    return await recordAccepted(database, { attempt, operation, owner, now: clock.now() })
  } catch (error) {
    if (error instanceof OperationTaken || error instanceof StoredRowError) throw error
    log.warn({ error, generation: attempt.generationId }, 'the store did not take a job with its generation; storing the job alone')
    await recordOperation(database.statements, attempt.id, operation)
    // Only the response to the commit may have been lost.
    const stored = await findGeneration(database.statements, attempt.generationId)
    return stored?.owner === owner && stored.state === 'rendering' ? stored : undefined
  }
}

/** Stores why a create call, or an upload before it, failed, and then what that says about the provider. */
export async function storeFailure(
  error: ProviderError,
  { attempt, admission }: { attempt: Attempt; admission: Admission | undefined },
  context: AnswerContext,
  force: AbortSignal,
): Promise<void> {
  const { database, owner, clock } = context
  const own = { attempt, owner }
  const ended = { endReason: error.kind, now: clock.now() }
  const isLost = error.kind === 'submission_unknown'
  const write = () => {
    if (isLost) return recordLostResponse(database, own, ended)
    // Any other error means that no job was created.
    return attempt.state === 'preparing' ? closeUnsent(database, own, ended) : recordRefusal(database.statements, attempt.id, ended)
  }
  try {
    await untilStored(write, force, context)
  } finally {
    // A call that our own stop broke off says nothing about its provider.
    if (!(isLost && force.aborted)) await untilStored(() => noteFailure(error, admission, context), force, context)
  }
}
