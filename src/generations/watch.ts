import { ProviderError } from '../domain/provider-error.ts'
import type { Operation, Provider, Status } from '../providers/provider.ts'
import type { Attempt } from './attempts.ts'
import { passCancelWish } from './cancel.ts'
import { Ending } from './ending.ts'
import type { Generation } from './generation.ts'
import { hasEvent } from './inbox.ts'
import { progressOf } from './estimates.ts'
import type { Parts } from './parts.ts'
import type { Live } from './ports.ts'
import type { Submitted } from './submit.ts'
import { nextPollInMs, safetyPollInMs } from './waiting.ts'

export type Completed = Extract<Status, { state: 'completed' }>

const showEveryMs = 5000
/** A host that was asked to cancel is looked at more often: it may be over at any moment. */
const whileCancellingMs = 3000
const freshMs = 1000

/** Follows the job until the host is done, keeping the card honest and passing a cancel wish on. Resolves with the clip, or throws an `Ending`. */
export async function watch({ generation, attempt, operation }: Submitted, parts: Parts, pause: AbortSignal): Promise<Completed> {
  const { clock, delivery, providers, estimates } = parts
  const provider = providers.get(generation.provider)
  // Without its key a job that runs there can neither be read nor cancelled: nobody can know what it costs.
  if (!provider) throw new Ending('held', 'auth', 'hold')

  const startedAt = generation.startedAt ?? clock.now()
  const expectedMs = estimates.runMs(provider.id, generation.request)
  const live: Live = { now: clock.now(), expectedEndAt: startedAt + expectedMs }
  let current = generation
  const show = () => {
    live.now = clock.now()
    live.progress = hostProgress ?? progressOf(clock.now() - startedAt, expectedMs)
    delivery.show(current, { ...live })
  }
  let hostProgress: number | undefined

  const over = new AbortController()
  const signal = AbortSignal.any([pause, over.signal])
  const cancelling = passCancelWish(generation, provider, operation, parts, {
    signal,
    onWish: (wished, refused) => {
      current = wished
      live.cancelRefused = refused
      show()
    },
    onDecided: (ending) => over.abort(ending),
  })
  const showing = showRegularly(parts, signal, show)
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
        announced: parts.webhookUrlOf(attempt) !== undefined,
        isCancelling: () => current.cancelRequestedAt !== undefined,
      },
      parts,
      signal,
    )) {
      if (status.state === 'completed') {
        estimates.learn(provider.id, generation.request, clock.now() - startedAt)
        return status
      }
      if (status.state === 'failed') {
        throw new Ending('failed', status.error.kind, status.billed ? 'refund' : 'release', { cause: status.error })
      }
      if (status.state === 'cancelled') throw cancelled(status.billed)
      if (status.progress !== undefined) hostProgress = status.progress
      if (status.position !== live.ahead) {
        live.ahead = status.position
        show()
      }
    }
    throw new Ending('held', 'render-overdue', 'hold')
  } catch (error) {
    if (over.signal.reason instanceof Ending) throw over.signal.reason
    throw error
  } finally {
    over.abort()
    await Promise.all([cancelling, showing])
  }
}

/** The money follows the host's last word. */
export function cancelled(billed: boolean | undefined): Ending {
  if (billed === undefined) return new Ending('held', 'cancelled-by-member', 'hold')
  return new Ending('cancelled', 'cancelled-by-member', billed ? 'capture' : 'release')
}

interface Watched {
  generation: Generation
  provider: Provider
  attempt: Attempt
  operation: Operation
  startedAt: number
  expectedMs: number
  /** Will the host announce the end by a webhook? */
  announced: boolean
  isCancelling: () => boolean
}

/**
 * By webhook where the host can reach us, with a slow poll behind it; else by the host's stream; else by polls that follow how long such jobs take. A
 * host that cannot be read for a while is not a failed job.
 */
async function* readStatuses(watched: Watched, parts: Parts, signal: AbortSignal): AsyncGenerator<Status> {
  const { provider, attempt, operation, startedAt, expectedMs, announced, isCancelling } = watched
  const { clock, log, renderDeadlineMs } = parts
  // A job that has only just been accepted is not done yet, unless its webhook was quicker than the create answer.
  let look = clock.now() - startedAt > freshMs || (await hasEvent(parts.database.statements, attempt.id))
  do {
    // Listening begins before the look, so that no wake falls between the two.
    const woken = listen(watched, parts)
    try {
      let patience = 0
      try {
        const stream = announced ? undefined : provider.watch?.(operation, { signal })
        if (stream) yield* stream
        // A stream that ended has told all it could, or broke off: the state itself decides.
        if (look || stream) yield await provider.status(operation, { signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ProviderError)) throw error
        patience = error.retryAfterMs ?? 0
        log.warn({ provider: provider.id, kind: error.kind, httpStatus: error.httpStatus }, 'the host could not be read; trying again')
      }
      look = true
      const elapsed = clock.now() - startedAt
      const pause = announced ? safetyPollInMs(elapsed, expectedMs) : nextPollInMs(elapsed, expectedMs)
      const longest = isCancelling() ? whileCancellingMs : pause
      await clock.sleep(Math.max(Math.min(pause, longest), patience), { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => {
        signal.throwIfAborted()
      })
    } finally {
      woken.stop()
    }
  } while (clock.now() < startedAt + renderDeadlineMs)
}

/** A signal that is aborted by the next wake of this generation. */
function listen({ generation }: Watched, { wakes }: Parts): { signal: AbortSignal; stop: () => void } {
  const woken = new AbortController()
  return { signal: woken.signal, stop: wakes.onWake(generation.id, () => woken.abort()) }
}

async function showRegularly({ clock }: Parts, signal: AbortSignal, show: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(showEveryMs, { signal })
    } catch {
      return // only the signal ends this sleep, and then there is nothing more to show
    }
    show()
  }
}
