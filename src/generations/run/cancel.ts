import { ProviderError } from '../../domain/provider-error.ts'
import { raceAbort } from '../../lib/abortable.ts'
import { retry } from '../../lib/retry.ts'
import type { CancelOutcome, Provider } from '../../providers/provider.ts'
import type { Generation } from '../model/generation.ts'
import { Outcome } from '../model/outcome.ts'
import { findGeneration } from '../store/generations.ts'
import type { RunContext } from './context.ts'
import type { Submitted } from './submit.ts'

const retryDelays = [1000, 2000]

export interface CancellableJob extends Submitted {
  provider: Provider
  /** Aborted when the watch is over. */
  signal: AbortSignal
  /** The member asked to cancel; `refused` once the provider cannot or will not end the job. */
  onCancelRequested: (generation: Generation, refused: boolean) => void
  /** The provider ended the job and stated at once what it costs. */
  onDecided: (outcome: Outcome) => void
}

/**
 * Waits for a cancel request and forwards it to the provider once. The watch continues: unless the provider states at once that it is free or billed,
 * the money follows the job's final status. Resolves when the request is forwarded or the watch is over.
 */
export async function forwardCancelRequest(job: CancellableJob, context: RunContext): Promise<void> {
  const { signal, onCancelRequested, onDecided } = job
  const requested = await whenCancelRequested(job, context)
  if (!requested) return
  onCancelRequested(requested, false)
  const outcome = await askProvider(job, context)
  if (signal.aborted) return
  if (outcome === 'free') onDecided(new Outcome('cancelled', 'cancelled-by-member', 'release'))
  else if (outcome === 'billed') onDecided(new Outcome('cancelled', 'cancelled-by-member', 'capture'))
  else if (outcome === 'unsupported') onCancelRequested(requested, true)
  // The final status may be there already: poll now.
  context.notifier.notify(requested.id)
}

/** The generation once its cancel is requested (which may be long ago); undefined when the watch is over. */
async function whenCancelRequested(
  { generation: { id }, signal }: CancellableJob,
  { notifier, database, log }: RunContext,
): Promise<Generation | undefined> {
  const { promise, resolve } = Promise.withResolvers<Generation>()
  const check = () => {
    findGeneration(database.statements, id).then(
      (current) => current?.cancelRequestedAt !== undefined && resolve(current),
      (error: unknown) => log.error({ error, generation: id }, 'checking for a cancel request failed'),
    )
  }
  const stopListening = notifier.onNotification(id, check)
  check()
  // Only the signal rejects.
  const requested = await raceAbort(promise, signal).catch(() => undefined)
  stopListening()
  return requested
}

async function askProvider({ provider, operation, signal }: CancellableJob, { clock, log }: RunContext): Promise<CancelOutcome> {
  const onFailure = (error: unknown) => {
    const kind = error instanceof ProviderError ? error.kind : 'internal'
    log.warn({ provider: provider.id, kind }, 'the provider did not accept the cancel request')
  }
  const cancel = async () => provider.cancel?.(operation, { signal }) ?? 'unsupported'
  try {
    return await retry(cancel, { delays: retryDelays, signal, clock, onRetry: onFailure })
  } catch (error) {
    if (signal.aborted) return 'unknown'
    onFailure(error)
    return 'unsupported'
  }
}
