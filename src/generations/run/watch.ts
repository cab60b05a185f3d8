import { ProviderError } from '../../domain/provider-error.ts'
import type { Operation, Provider, Status } from '../../providers/provider.ts'
import type { Attempt } from '../store/attempts.ts'
import { forwardCancelRequest } from './cancel.ts'
import { Outcome } from '../model/outcome.ts'
import { Stopping } from '../model/stop-reasons.ts'
import type { Generation } from '../model/generation.ts'
import { hasEvent } from '../store/webhook-events.ts'
import { progressOf } from '../store/run-time-estimates.ts'
import type { RunContext } from './context.ts'
import type { LiveState } from '../model/delivery-port.ts'
import { findRow } from '../store/generations.ts'
import type { Submitted } from './submit.ts'
import { nextPollInMs, safetyPollInMs } from './poll-schedule.ts'

export type Completed = Extract<Status, { state: 'completed' }>

const showEveryMs = 5000
/** A provider that was asked to cancel is looked at more often: it may be over at any moment. */
const whileCancellingMs = 3000
const freshMs = 1000

/** Follows the job until the provider is done, keeping the card honest and passing a cancel wish on. Resolves with the clip, or throws an `Ending`. */
export async function watch({ generation, attempt, operation }: Submitted, context: RunContext, pause: AbortSignal): Promise<Completed> {
  const { clock, delivery, providers, estimates } = context
  const provider = providers.get(generation.provider)
  // Without its key a job that runs there can neither be read nor cancelled: nobody can know what it costs.
  if (!provider) throw new Outcome('held', 'auth', 'hold')

  const startedAt = generation.startedAt ?? clock.now()
  const expectedMs = estimates.runMs(provider.id, generation.request)
  const live: LiveState = { now: clock.now(), expectedEndAt: startedAt + expectedMs }
  let current = generation
  const show = () => {
    live.now = clock.now()
    live.progress = providerProgress ?? progressOf(clock.now() - startedAt, expectedMs)
    delivery.show(current, { ...live })
  }
  let providerProgress: number | undefined

  const over = new AbortController()
  const overdue = new AbortController()
  const signal = AbortSignal.any([pause, over.signal])
  const cancelling = forwardCancelRequest(generation, provider, operation, context, {
    signal,
    onCancelRequested: (wished, refused) => {
      current = wished
      live.cancelRefused = refused
      show()
    },
    onDecided: (outcome) => over.abort(outcome),
  })
  const showing = regularly(context, signal, () => {
    show()
    if (clock.now() >= startedAt + context.renderDeadlineMs) overdue.abort()
  })
  try {
    show()
    for await (const status of readStatuses(
      {
        generation,
        provider,
        attempt,
        operation,
        startedAt,
        expectedMs,
        announced: context.webhookUrlOf(attempt) !== undefined,
        isCancelling: () => current.cancelRequestedAt !== undefined,
        overdue: overdue.signal,
      },
      context,
      signal,
    )) {
      if (status.state === 'completed') {
        const ranMs = clock.now() - startedAt
        // A job that was held in between tells when it was asked again, not how long it took.
        if (ranMs < context.renderDeadlineMs) estimates.learn(provider.id, generation.request, ranMs)
        return status
      }
      if (status.state === 'failed') {
        throw new Outcome('failed', status.error.kind, status.billed ? 'refund' : 'release', { cause: status.error })
      }
      if (status.state === 'cancelled') throw cancelled(status.billed)
      if (status.progress !== undefined) providerProgress = status.progress
      if (status.position !== live.ahead) {
        live.ahead = status.position
        show()
      }
    }
    throw new Outcome('held', 'render-overdue', 'hold')
  } catch (error) {
    if (over.signal.reason instanceof Outcome) throw over.signal.reason
    if (isStop(pause)) await showPaused(current, context)
    throw error
  } finally {
    over.abort()
    await Promise.all([cancelling, showing])
  }
}

/** The money follows the provider's last word. */
export function cancelled(billed: boolean | undefined): Outcome {
  if (billed === undefined) return new Outcome('held', 'cancelled-by-member', 'hold')
  return new Outcome('cancelled', 'cancelled-by-member', billed ? 'capture' : 'release')
}

interface Watched {
  generation: Generation
  provider: Provider
  attempt: Attempt
  operation: Operation
  startedAt: number
  expectedMs: number
  /** Will the provider announce the end by a webhook? */
  announced: boolean
  isCancelling: () => boolean
  /** Aborted at the deadline: a stream that says nothing must not outlast it. */
  overdue: AbortSignal
}

/**
 * By webhook where the provider can reach us, with a slow poll behind it; else by the provider's stream; else by polls that follow how long such jobs take. A
 * provider that cannot be read for a while is not a failed job.
 */
async function* readStatuses(watched: Watched, context: RunContext, signal: AbortSignal): AsyncGenerator<Status> {
  const { provider, attempt, operation, startedAt, expectedMs, announced, isCancelling, overdue } = watched
  const { clock, log, renderDeadlineMs } = context
  // A job that has only just been accepted is not done yet, unless its webhook was quicker than the create answer.
  let look = clock.now() - startedAt > freshMs || (await hasEvent(context.database.statements, attempt.id))
  do {
    // Listening begins before the look, so that no wake falls between the two.
    const notified = listen(watched, context)
    try {
      let patience = 0
      try {
        const stream = announced ? undefined : provider.watch?.(operation, { signal: AbortSignal.any([signal, overdue]) })
        if (stream) yield* untilOverdue(stream, overdue)
        // A stream that ended has told all it could, or broke off: the state itself decides.
        if (look || stream) yield await provider.status(operation, { signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ProviderError)) throw error
        patience = error.retryAfterMs ?? 0
        log.warn({ provider: provider.id, kind: error.kind, httpStatus: error.httpStatus }, 'the provider could not be read; trying again')
      }
      look = true
      const elapsed = clock.now() - startedAt
      const pause = announced ? safetyPollInMs(elapsed, expectedMs) : nextPollInMs(elapsed, expectedMs)
      const longest = isCancelling() ? whileCancellingMs : pause
      await clock
        .sleep(Math.max(Math.min(pause, longest), patience), { signal: AbortSignal.any([signal, notified.signal, overdue]) })
        .catch(() => {
          signal.throwIfAborted()
        })
    } finally {
      notified.stop()
    }
  } while (clock.now() < startedAt + renderDeadlineMs)
}

/** A signal that is aborted by the next wake of this generation. */
function listen({ generation }: Watched, { notifier }: RunContext): { signal: AbortSignal; stop: () => void } {
  const notified = new AbortController()
  return { signal: notified.signal, stop: notifier.onNotification(generation.id, () => notified.abort()) }
}

/** A pause because the lease was lost is none: then the card belongs to somebody else. */
function isStop({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Stopping
}

/** The last thing before a stop: a card must not go on counting down while nobody looks. Whoever lost the job meanwhile writes nothing. */
async function showPaused(generation: Generation, { database, owner, clock, delivery, log }: RunContext): Promise<void> {
  try {
    const row = await findRow(database.statements, generation.id)
    const paused: LiveState = { now: clock.now(), paused: true }
    if (row?.owner === owner && row.state === 'rendering') delivery.show(generation, paused)
  } catch (error) {
    log.warn({ error, generation: generation.id }, 'a card could not be told of the stop')
  }
}

async function regularly({ clock }: RunContext, signal: AbortSignal, work: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(showEveryMs, { signal })
    } catch {
      return // only the signal ends this sleep, and then there is nothing more to do
    }
    work()
  }
}

/** What a stream tells until the deadline ends it; after that the state itself is read once more. */
async function* untilOverdue(stream: AsyncIterable<Status>, overdue: AbortSignal): AsyncGenerator<Status> {
  try {
    yield* stream
  } catch (error) {
    if (!overdue.aborted) throw error
  }
}
