import { ProviderError } from '../../domain/provider-error.ts'
import type { Status } from '../../providers/provider.ts'
import { hasWebhookEvent } from '../store/webhook-events.ts'
import type { RunContext } from './context.ts'
import type { WatchedJob } from './watched-job.ts'

/** While a cancel is requested: the job may end at any moment. */
const pollWhileCancellingMs = 3000
const justStartedMs = 1000

/**
 * Reads the job's status until the deadline: on a webhook where the provider can reach us, with a slow poll as the fallback; else from the provider's
 * stream; else by polls timed by how long such jobs take. An unreachable provider is not a failed job.
 */
export async function* readStatuses(job: WatchedJob, context: RunContext): AsyncGenerator<Status> {
  const { provider, attempt, operation, startedAt, expectedMs } = job
  const { clock, log, database, renderDeadlineMs } = context
  const expectsWebhook = context.webhookUrlOf(attempt) !== undefined
  const hasStream = !expectsWebhook && provider.watch !== undefined
  // A job that was only just accepted is not done yet, unless its webhook overtook the create response.
  let isWorthPolling = clock.now() - startedAt > justStartedMs || (await hasWebhookEvent(database.statements, attempt.id))
  do {
    job.resetNotification()
    let retryAfterMs = 0
    try {
      if (hasStream) yield* job.stream((signal) => provider.watch?.(operation, { signal }) ?? [])
      // A stream that ended has reported everything, or broke off: the status decides.
      if (isWorthPolling || hasStream) yield await job.read()
    } catch (error) {
      job.throwIfOver()
      if (!(error instanceof ProviderError)) throw error
      retryAfterMs = error.retryAfterMs ?? 0
      log.warn({ provider: provider.id, kind: error.kind, httpStatus: error.httpStatus }, 'reading the job failed; trying again')
    }
    isWorthPolling = true
    const elapsedMs = clock.now() - startedAt
    const scheduledMs = expectsWebhook ? fallbackPollInMs(elapsedMs, expectedMs) : nextPollInMs(elapsedMs, expectedMs)
    const delayMs = job.isCancelling ? Math.min(scheduledMs, pollWhileCancellingMs) : scheduledMs
    await job.wait(Math.max(delayMs, retryAfterMs))
  } while (clock.now() < startedAt + renderDeadlineMs)
}

/**
 * Milliseconds until the next poll of a job: none before it can be done at all, often around the moment at which such jobs are usually done, then less
 * and less often. `elapsedMs` counts from the provider's acceptance.
 */
export function nextPollInMs(elapsedMs: number, expectedMs: number): number {
  const earliest = expectedMs * 0.5
  if (elapsedMs < earliest) return clamp(earliest - elapsedMs, shortest, longest)
  const lateness = elapsedMs / expectedMs
  if (lateness < 0.8) return clamp(expectedMs * 0.08, shortest, longest)
  if (lateness < 1.3) return clamp(expectedMs * 0.02, shortest, longest)
  return clamp(expectedMs * 0.1 * (lateness - 0.8), shortest, longest)
}

/** Where a webhook is expected, polling is only the fallback: a lost delivery must not delay a clip for long. */
export function fallbackPollInMs(elapsedMs: number, expectedMs: number): number {
  return elapsedMs < expectedMs ? Math.max(shortest, expectedMs - elapsedMs) : clamp(expectedMs * 0.25, shortest, longest)
}

const shortest = 500
const longest = 60_000

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
