import { ProviderError } from '../../domain/provider-error.ts'
import { retry } from '../../lib/retry.ts'
import type { CancelOutcome, Provider } from '../../providers/provider.ts'
import type { Generation } from '../model/generation.ts'
import { Outcome } from '../model/outcome.ts'
import { findGeneration } from '../store/generations.ts'
import type { RunContext } from './context.ts'
import type { Submitted } from './submit.ts'

const retryDelays = [1000, 2000]

export interface CancellableJob extends Submitted {
  readonly provider: Provider
  readonly isOver: boolean
  /** A cancel request is being forwarded, or was. */
  cancelling: Promise<void> | undefined
  /** Makes a call whose signal is aborted if the job is over. */
  call<Result>(make: (signal: AbortSignal) => Promise<Result>): Promise<Result>
  /** The member asked to cancel; `refused` once the provider cannot or will not end the job. */
  showCancel(requested: Generation, refused: boolean): void
  /** The provider ended the job and stated at once what it costs. */
  decide(outcome: Outcome): void
}

/** Looks whether a member asked to cancel the job (which may be long ago), and forwards the request to the provider, once. */
export function checkCancelRequest(job: CancellableJob, context: RunContext): void {
  if (job.cancelling) return
  const { database, log } = context
  const { id } = job.generation
  findGeneration(database.statements, id).then(
    (current) => {
      if (current?.cancelRequestedAt === undefined || job.cancelling || job.isOver) return
      job.cancelling = forward(job, current, context)
    },
    (error: unknown) => log.error({ error, generation: id }, 'checking for a cancel request failed'),
  )
}

/** The watch continues: unless the provider states at once that it is free or billed, the money follows the job's final status. */
async function forward(job: CancellableJob, requested: Generation, context: RunContext): Promise<void> {
  job.showCancel(requested, false)
  const outcome = await job.call((signal) => askProvider(job, signal, context))
  if (job.isOver) return
  if (outcome === 'free') job.decide(new Outcome('cancelled', 'cancelled-by-member', 'release'))
  else if (outcome === 'billed') job.decide(new Outcome('cancelled', 'cancelled-by-member', 'capture'))
  else if (outcome === 'unsupported') job.showCancel(requested, true)
  // The final status may be there already: poll now.
  context.notifier.notify(requested.id)
}

async function askProvider(
  { provider, operation }: CancellableJob,
  signal: AbortSignal,
  { clock, log }: RunContext,
): Promise<CancelOutcome> {
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
