import { ProviderError } from '../domain/provider-error.ts'
import type { Operation, Provider, Status } from '../providers/provider.ts'
import { passCancelWish } from './cancel.ts'
import { Ending } from './ending.ts'
import { estimateRunMs, progressOf } from './estimates.ts'
import type { Parts } from './parts.ts'
import type { Live } from './ports.ts'
import type { Submitted } from './submit.ts'

export type Completed = Extract<Status, { state: 'completed' }>

const pollEveryMs = 3000
const showEveryMs = 5000

/** Follows the job until the host is done, keeping the card honest and passing a cancel wish on. Resolves with the clip, or throws an `Ending`. */
export async function watch({ generation, operation }: Submitted, parts: Parts, pause: AbortSignal): Promise<Completed> {
  const { clock, delivery, providers, database } = parts
  const provider = providers.get(generation.provider)
  // Without its key a job that runs there can neither be read nor cancelled: nobody can know what it costs.
  if (!provider) throw new Ending('held', 'auth', 'hold')

  const startedAt = generation.startedAt ?? clock.now()
  const expectedMs = await estimateRunMs(database.statements, provider.id, generation.request.durationSeconds)
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
    for await (const status of readStatuses(provider, operation, parts, signal, startedAt + parts.renderDeadlineMs)) {
      if (status.state === 'completed') return status
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

/** The host's stream where it has one, polls otherwise and whenever the stream ends early. A host that cannot be read for a while is not a failed job. */
async function* readStatuses(
  provider: Provider,
  operation: Operation,
  { clock, log }: Parts,
  signal: AbortSignal,
  deadline: number,
): AsyncGenerator<Status> {
  while (clock.now() < deadline) {
    try {
      if (provider.watch) yield* provider.watch(operation, { signal })
      yield await provider.status(operation, { signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ProviderError)) throw error
      log.warn({ provider: provider.id, kind: error.kind, httpStatus: error.httpStatus }, 'the host could not be read; trying again')
    }
    await clock.sleep(pollEveryMs, { signal })
  }
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
