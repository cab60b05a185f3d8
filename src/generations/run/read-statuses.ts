import { ProviderError } from '../../domain/provider-error.ts'
import { sleep } from '../../lib/clock.ts'
import type { Provider, Status } from '../../providers/provider.ts'
import { hasWebhookEvent } from '../store/webhook-events.ts'
import type { RunContext } from './context.ts'
import { fallbackPollInMs, nextPollInMs } from './poll-schedule.ts'
import type { Submitted } from './submit.ts'

/** While a cancel is requested: the job may end at any moment. */
const pollWhileCancellingMs = 3000
const justStartedMs = 1000

export interface WatchedJob extends Submitted {
  provider: Provider
  startedAt: number
  expectedMs: number
  isCancelling: () => boolean
  /** Aborted at the deadline: a stream that reports nothing must not outlast it. */
  overdue: AbortSignal
}

/**
 * Reads the job's status until the deadline: on a webhook where the provider can reach us, with a slow poll as the fallback; else from the provider's
 * stream; else by polls timed by how long such jobs take. An unreachable provider is not a failed job.
 */
export async function* readStatuses(job: WatchedJob, context: RunContext, signal: AbortSignal): AsyncGenerator<Status> {
  const { generation, provider, attempt, operation, startedAt, expectedMs, isCancelling, overdue } = job
  const { clock, log, notifier, database, renderDeadlineMs } = context
  const expectsWebhook = context.webhookUrlOf(attempt) !== undefined
  // A job that was only just accepted is not done yet, unless its webhook overtook the create response.
  let isWorthPolling = clock.now() - startedAt > justStartedMs || (await hasWebhookEvent(database.statements, attempt.id))
  do {
    // Listening begins before the poll, so that no notification is missed between the two.
    const notified = new AbortController()
    const stopListening = notifier.onNotification(generation.id, () => notified.abort())
    try {
      let retryAfterMs = 0
      try {
        const stream = expectsWebhook ? undefined : provider.watch?.(operation, { signal: AbortSignal.any([signal, overdue]) })
        if (stream) yield* untilOverdue(stream, overdue)
        // A stream that ended has reported everything, or broke off: the status decides.
        if (isWorthPolling || stream) yield await provider.status(operation, { signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ProviderError)) throw error
        retryAfterMs = error.retryAfterMs ?? 0
        log.warn({ provider: provider.id, kind: error.kind, httpStatus: error.httpStatus }, 'reading the job failed; trying again')
      }
      isWorthPolling = true
      const elapsedMs = clock.now() - startedAt
      const scheduledMs = expectsWebhook ? fallbackPollInMs(elapsedMs, expectedMs) : nextPollInMs(elapsedMs, expectedMs)
      const delayMs = isCancelling() ? Math.min(scheduledMs, pollWhileCancellingMs) : scheduledMs
      await sleep(Math.max(delayMs, retryAfterMs), AbortSignal.any([signal, notified.signal, overdue]), clock)
      signal.throwIfAborted()
    } finally {
      stopListening()
    }
  } while (clock.now() < startedAt + renderDeadlineMs)
}

/** The stream until the deadline ends it; the status is read once more after that. */
async function* untilOverdue(stream: AsyncIterable<Status>, overdue: AbortSignal): AsyncGenerator<Status> {
  try {
    yield* stream
  } catch (error) {
    if (!overdue.aborted) throw error
  }
}
