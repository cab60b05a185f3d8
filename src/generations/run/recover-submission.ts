import { ProviderError } from '../../domain/provider-error.ts'
import type { Operation, Provider } from '../../providers/provider.ts'
import type { Generation } from '../model/generation.ts'
import type { Attempt } from '../store/attempts.ts'
import { operationFromWebhook } from '../store/webhook-events.ts'
import type { RunContext } from './context.ts'

/** Milliseconds between searches: a provider may list a job, or send its webhook, a little later than it accepted it. */
const delays = [1000, 4000, 15_000]

/** A create call whose response was lost. */
export interface LostAttempt {
  generation: Generation
  provider: Provider
  attempt: Attempt
}

/**
 * Searches for the job of a create call whose response was lost: by a webhook that named it, or by the provider's own means of finding it. Undefined
 * means unknown, which never permits a second submission.
 */
export async function recoverSubmission(lost: LostAttempt, context: RunContext, pause: AbortSignal): Promise<Operation | undefined> {
  const { generation, provider, attempt } = lost
  const { database, clock, log } = context
  if (!provider.recover && context.webhookUrlOf(attempt) === undefined) return undefined
  for (const delay of [0, ...delays]) {
    if (delay > 0) await clock.sleep(delay, { signal: pause })
    const operation =
      (await operationFromWebhook(database.statements, attempt, provider, pause)) ?? (await askProvider(lost, context, pause))
    if (!operation) continue
    log.info({ generation: generation.id, provider: provider.id }, 'found the job of a lost create response')
    return operation
  }
  return undefined
}

async function askProvider(
  { generation, provider, attempt }: LostAttempt,
  context: RunContext,
  signal: AbortSignal,
): Promise<Operation | undefined> {
  if (!provider.recover || attempt.sentAt === undefined) return undefined
  const lost = { attemptId: attempt.id, webhookUrl: context.webhookUrlOf(attempt), submittedAt: attempt.sentAt }
  try {
    const found = await provider.recover(generation.request, attempt.images, lost, { signal })
    return found === 'unknown' ? undefined : found
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    context.log.warn({ provider: provider.id, kind: error.kind }, 'searching for a lost submission failed; searching again')
    return undefined
  }
}
