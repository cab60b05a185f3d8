import { ProviderError } from '../../domain/provider-error.ts'
import { exponential } from '../../lib/retry.ts'
import type { Operation, Provider } from '../../providers/provider.ts'
import type { Generation } from '../model/generation.ts'
import type { Attempt } from '../store/attempts.ts'
import { findGeneration } from '../store/generations.ts'
import { operationFromWebhook } from '../store/webhook-events.ts'
import type { RunContext } from './context.ts'

/** Milliseconds between searches: a provider may list a job, or send its webhook, a little later than it accepted it. */
const delays = [1000, 4000, 15_000]
/** The same while the provider does not answer the searches. */
const outageDelay = exponential(1000, 30_000)
/** How long after the create call an outage is waited out; Runware accepts a repetition of the call for as long. */
const outageLimitMs = 10 * 60_000

type RecoverContext = Pick<RunContext, 'database' | 'clock' | 'log' | 'webhookUrlOf' | 'outageSpeed'>

/** A create call whose response was lost. */
export interface LostAttempt {
  generation: Generation
  provider: Provider
  attempt: Attempt
}

/**
 * Searches for the job of a create call whose response was lost: by a webhook that named it, or by the provider's own means of finding it. As long as
 * the provider does not answer, its outage is waited out. Undefined means unknown, which never permits a second submission.
 */
export async function recoverSubmission(lost: LostAttempt, context: RecoverContext, pause: AbortSignal): Promise<Operation | undefined> {
  const { generation, provider, attempt } = lost
  const { database, clock, log } = context
  if (!provider.recover && context.webhookUrlOf(attempt) === undefined) return undefined
  let [answered, unanswered] = [0, 0]
  for (;;) {
    const found = (await operationFromWebhook(database.statements, attempt, provider, pause)) ?? (await askProvider(lost, context, pause))
    if (typeof found === 'object') {
      log.info({ generation: generation.id, provider: provider.id }, 'found the job of a lost create response')
      return found
    }
    let delay: number | undefined
    if (found === 'absent') delay = delays[answered++]
    else if (await mayWait(lost, context)) delay = outageDelay(++unanswered)
    if (delay === undefined) return undefined
    await clock.sleep(delay, { signal: pause })
  }
}

/** Not for ever, and not for a member who no longer wants the clip: waiting may still create the job. */
async function mayWait({ generation, attempt }: LostAttempt, { database, clock, outageSpeed = 1 }: RecoverContext): Promise<boolean> {
  const current = await findGeneration(database.statements, generation.id)
  return current?.cancelRequestedAt === undefined && clock.now() - (attempt.sentAt ?? 0) < outageLimitMs / outageSpeed
}

async function askProvider(
  { generation, provider, attempt }: LostAttempt,
  context: RecoverContext,
  signal: AbortSignal,
): Promise<Operation | 'absent' | 'no answer'> {
  if (!provider.recover || attempt.sentAt === undefined) return 'absent'
  const lost = { attemptId: attempt.id, webhookUrl: context.webhookUrlOf(attempt), submittedAt: attempt.sentAt }
  try {
    const found = await provider.recover(generation.request, attempt.images, lost, { signal })
    return found === 'unknown' ? 'absent' : found
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    context.log.warn({ provider: provider.id, kind: error.kind }, 'searching for a lost submission failed; searching again')
    return 'no answer'
  }
}
