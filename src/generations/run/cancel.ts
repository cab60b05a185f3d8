import { ProviderError } from '../../domain/provider-error.ts'
import type { CancelOutcome, Operation, Provider } from '../../providers/provider.ts'
import { Outcome } from '../model/outcome.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext } from './context.ts'
import { findGeneration } from '../store/generations.ts'

const triesToCancel = 3

interface CancelCallbacks {
  signal: AbortSignal
  /** The member's wish is known; `refused` once the provider cannot or will not end the job. */
  onCancelRequested: (generation: Generation, refused: boolean) => void
  /** The provider ended the job and said at once what it costs. */
  onDecided: (outcome: Outcome) => void
}

/**
 * Waits for the wish to cancel, passes it to the provider once, and goes on watching: unless the provider says at once that it is free or billed,
 * the money follows the job's last status. Resolves when the watch is over.
 */
export async function forwardCancelRequest(
  generation: Generation,
  provider: Provider,
  operation: Operation,
  context: RunContext,
  { signal, onCancelRequested, onDecided }: CancelCallbacks,
): Promise<void> {
  const wished = await wishOf(generation, context, signal)
  if (!wished) return
  onCancelRequested(wished, false)
  const outcome = await askProvider(provider, operation, context, signal)
  if (signal.aborted) return
  if (outcome === 'free') onDecided(new Outcome('cancelled', 'cancelled-by-member', 'release'))
  else if (outcome === 'billed') onDecided(new Outcome('cancelled', 'cancelled-by-member', 'capture'))
  else if (outcome === 'unsupported') onCancelRequested(wished, true)
  // The last word may be there already: look now.
  context.notifier.notify(generation.id)
}

/** Resolves with the generation once its cancel is wished (it may have been long ago), or with undefined when the watch is over. */
function wishOf(generation: Generation, { notifier, database, log }: RunContext, signal: AbortSignal): Promise<Generation | undefined> {
  return new Promise((resolve) => {
    const look = () => {
      findGeneration(database.statements, generation.id).then(
        (current) => {
          if (current?.cancelRequestedAt !== undefined) finish(current)
        },
        (error: unknown) => log.error({ error, generation: generation.id }, 'a cancel wish could not be read'),
      )
    }
    const stopListening = notifier.onNotification(generation.id, look)
    const finish = (result: Generation | undefined) => {
      stopListening()
      signal.removeEventListener('abort', abandon)
      resolve(result)
    }
    const abandon = () => finish(undefined)
    signal.addEventListener('abort', abandon, { once: true })
    if (signal.aborted) abandon()
    else look()
  })
}

async function askProvider(
  provider: Provider,
  operation: Operation,
  { clock, log }: RunContext,
  signal: AbortSignal,
): Promise<CancelOutcome> {
  if (!provider.cancel) return 'unsupported'
  for (let attempt = 1; attempt <= triesToCancel; attempt += 1) {
    try {
      return await provider.cancel(operation, { signal })
    } catch (error) {
      if (signal.aborted) return 'unknown'
      const kind = error instanceof ProviderError ? error.kind : 'internal'
      log.warn({ provider: provider.id, kind, attempt }, 'the provider did not take the cancel')
      await clock.sleep(1000 * attempt, { signal }).catch(() => undefined) // ended early only by the end of the watch, seen above
    }
  }
  return 'unsupported'
}
