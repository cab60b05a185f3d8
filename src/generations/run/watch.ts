import type { Status } from '../../providers/provider.ts'
import { Outcome } from '../model/outcome.ts'
import { Stopping } from '../model/stop-reasons.ts'
import { listAttempts } from '../store/attempts.ts'
import { findGeneration } from '../store/generations.ts'
import type { RunContext } from './context.ts'
import { afterFailedJob } from './fail-over.ts'
import { readStatuses } from './read-statuses.ts'
import type { Submitted } from './submit.ts'
import { WatchedJob } from './watched-job.ts'

export type Completed = Extract<Status, { state: 'completed' }>

/** Follows the job until the provider is done, keeps the card current and forwards a cancel request. Resolves with the clip or throws an `Outcome`. */
export async function watch(submitted: Submitted, context: RunContext, pause: AbortSignal): Promise<Completed> {
  const provider = context.providers.get(submitted.generation.provider)
  // Without its key the job can be neither read nor cancelled, so its cost is unknown.
  if (!provider) throw new Outcome('held', 'auth', 'hold')

  const job = new WatchedJob(submitted, provider, context, pause)
  try {
    for await (const status of readStatuses(job, context)) {
      if (status.state === 'completed') {
        learn(job, context)
        return status
      }
      if (status.state !== 'pending') throw await endOf(status, job, context)
      job.progress = status.progress ?? job.progress
      if (status.position === job.ahead) continue
      job.ahead = status.position
      job.show()
    }
    throw new Outcome('held', 'render-overdue', 'hold')
  } catch (error) {
    if (job.decided) throw job.decided
    // After a lost lease the card belongs to another process.
    if (pause.reason instanceof Stopping) await showPaused(job, context)
    throw error
  } finally {
    await job.end()
  }
}

function learn({ provider, generation, startedAt }: WatchedJob, { clock, estimates, renderDeadlineMs }: RunContext): void {
  const ranMs = clock.now() - startedAt
  // For a job that was held this is the time of the recheck, not of its end.
  if (ranMs < renderDeadlineMs) estimates.learn(provider.id, generation.request, ranMs)
}

/** What a job without a clip leads to. */
async function endOf(
  status: Extract<Status, { state: 'failed' | 'cancelled' }>,
  { generation, isCancelling }: WatchedJob,
  { database }: RunContext,
): Promise<Error> {
  if (status.state === 'cancelled') return isCancelling ? cancelled(status.billed) : cancelledByProvider(status.billed)
  const attempts = await listAttempts(database.statements, generation.id)
  return afterFailedJob({ generation, attempts }, status)
}

/** The money follows the provider's final status. */
function cancelled(billed: boolean | undefined): Outcome {
  const settlement = billed === undefined ? 'assume' : billed ? 'capture' : 'release'
  return new Outcome('cancelled', 'cancelled-by-member', settlement)
}

/** Nobody asked: for the member it failed, and the guild pays for clips only. */
function cancelledByProvider(billed: boolean | undefined): Outcome {
  const settlement = billed === undefined ? 'assume' : billed ? 'refund' : 'release'
  return new Outcome('failed', 'unavailable', settlement)
}

/** A card must not count down while nothing watches the job. A process that lost the job writes nothing. */
async function showPaused({ generation, provider }: WatchedJob, { database, owner, clock, delivery, log }: RunContext): Promise<void> {
  try {
    const current = await findGeneration(database.statements, generation.id)
    if (current?.owner === owner && current.state === 'rendering')
      delivery.show(generation, { now: clock.now(), cannotCancel: !provider.cancel, paused: true })
  } catch (error) {
    log.warn({ error, generation: generation.id }, 'a card could not show the restart')
  }
}
