import { sleep } from '../../lib/clock.ts'
import type { Status } from '../../providers/provider.ts'
import type { LiveState } from '../model/delivery-port.ts'
import type { Generation } from '../model/generation.ts'
import { Outcome } from '../model/outcome.ts'
import { Stopping } from '../model/stop-reasons.ts'
import { listAttempts } from '../store/attempts.ts'
import { findGeneration } from '../store/generations.ts'
import { progressOf } from '../store/run-time-estimates.ts'
import { forwardCancelRequest } from './cancel.ts'
import type { RunContext } from './context.ts'
import { afterFailedJob } from './fail-over.ts'
import { readStatuses } from './read-statuses.ts'
import type { Submitted } from './submit.ts'

export type Completed = Extract<Status, { state: 'completed' }>

const showEveryMs = 5000

/** Follows the job until the provider is done, keeps the card current and forwards a cancel request. Resolves with the clip or throws an `Outcome`. */
export async function watch(submitted: Submitted, context: RunContext, pause: AbortSignal): Promise<Completed> {
  const { clock, delivery, providers, estimates, renderDeadlineMs } = context
  const { generation } = submitted
  const provider = providers.get(generation.provider)
  // Without its key the job can be neither read nor cancelled, so its cost is unknown.
  if (!provider) throw new Outcome('held', 'auth', 'hold')

  const startedAt = generation.startedAt ?? clock.now()
  const expectedMs = estimates.runMs(provider.id, generation.request)
  const live: LiveState = { now: clock.now(), expectedEndAt: startedAt + expectedMs, cannotCancel: !provider.cancel }
  let current = generation
  let providerProgress: number | undefined
  const show = () => {
    live.now = clock.now()
    live.progress = providerProgress ?? progressOf(clock.now() - startedAt, expectedMs)
    delivery.show(current, { ...live })
  }

  const over = new AbortController()
  const overdue = new AbortController()
  const signal = AbortSignal.any([pause, over.signal])
  const isCancelling = () => current.cancelRequestedAt !== undefined
  const cancelling = forwardCancelRequest(
    {
      ...submitted,
      provider,
      signal,
      onCancelRequested: (requested, refused) => {
        current = requested
        live.cancelRefused = refused
        show()
      },
      onDecided: (outcome) => over.abort(outcome),
    },
    context,
  )
  const showing = showRegularly()
  async function showRegularly(): Promise<void> {
    while (await sleep(showEveryMs, signal, clock)) {
      show()
      if (clock.now() >= startedAt + renderDeadlineMs) overdue.abort()
    }
  }

  try {
    show()
    const job = { ...submitted, provider, startedAt, expectedMs, isCancelling, overdue: overdue.signal }
    for await (const status of readStatuses(job, context, signal)) {
      if (status.state === 'completed') {
        const ranMs = clock.now() - startedAt
        // For a job that was held this is the time of the recheck, not of its end.
        if (ranMs < renderDeadlineMs) estimates.learn(provider.id, generation.request, ranMs)
        return status
      }
      if (status.state === 'failed') {
        const attempts = await listAttempts(context.database.statements, generation.id)
        throw afterFailedJob({ generation, attempts }, status)
      }
      if (status.state === 'cancelled') throw isCancelling() ? cancelled(status.billed) : cancelledByProvider(status.billed)
      if (status.progress !== undefined) providerProgress = status.progress
      if (status.position !== live.ahead) {
        live.ahead = status.position
        show()
      }
    }
    throw new Outcome('held', 'render-overdue', 'hold')
  } catch (error) {
    if (over.signal.reason instanceof Outcome) throw over.signal.reason
    // After a lost lease the card belongs to another process.
    if (pause.reason instanceof Stopping) await showPaused(current, live, context)
    throw error
  } finally {
    over.abort()
    await Promise.all([cancelling, showing])
  }
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
async function showPaused(
  generation: Generation,
  { cannotCancel }: LiveState,
  { database, owner, clock, delivery, log }: RunContext,
): Promise<void> {
  try {
    const current = await findGeneration(database.statements, generation.id)
    if (current?.owner === owner && current.state === 'rendering')
      delivery.show(generation, { now: clock.now(), cannotCancel, paused: true })
  } catch (error) {
    log.warn({ error, generation: generation.id }, 'a card could not show the restart')
  }
}
