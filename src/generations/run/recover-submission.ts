import { ProviderError } from '../../domain/provider-error.ts'
import type { Operation, Provider } from '../../providers/provider.ts'
import type { Attempt } from '../store/attempts.ts'
import type { Generation } from '../model/generation.ts'
import { operationFromWebhook } from '../store/webhook-events.ts'
import type { RunContext } from './context.ts'

/** Pauses between looks, in milliseconds: a provider may list a job, or send its webhook, a little later than it accepted it. */
const pauses = [1000, 4000, 15_000]

/**
 * Looks for the job of a create call whose answer was lost: by a webhook that named it, or by the provider's own means of finding it. Undefined means that
 * nobody knows, which is never leave to submit again.
 */
export async function recoverSubmission(
  generation: Generation,
  provider: Provider,
  attempt: Attempt,
  context: RunContext,
  pause: AbortSignal,
): Promise<Operation | undefined> {
  const { database, clock, log } = context
  const canFind = provider.recover !== undefined || context.webhookUrlOf(attempt) !== undefined
  for (const wait of canFind ? [...pauses, undefined] : []) {
    const operation =
      (await operationFromWebhook(database.statements, attempt, provider, pause)) ??
      (await askProvider(generation, provider, attempt, context, pause))
    if (operation) {
      log.info({ generation: generation.id, provider: provider.id }, 'a job whose create answer was lost was found again')
      return operation
    }
    if (wait !== undefined) await clock.sleep(wait, { signal: pause })
  }
  return undefined
}

async function askProvider(
  generation: Generation,
  provider: Provider,
  attempt: Attempt,
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
    context.log.warn({ provider: provider.id, kind: error.kind }, 'the provider could not be asked about a lost submission')
    return undefined
  }
}
