import type { ProviderId } from '../../domain/provider-id.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Timers } from '../../lib/timers.ts'
import type { KeyedLimit } from '../../lib/concurrency/keyed-limit.ts'
import type { Download } from '../../media/download.ts'
import type { Provider } from '../../providers/provider.ts'
import type { Database } from '../../storage/database.ts'
import type { Delivery } from '../model/delivery-port.ts'
import type { OutputLifetimes } from '../model/output-lifetime.ts'
import type { Notifier } from '../notify/notifier.ts'
import type { Attempt } from '../store/attempts.ts'
import type { Estimates } from '../store/run-time-estimates.ts'

/** What running a generation needs. */
export interface RunContext {
  database: Database
  providers: ReadonlyMap<ProviderId, Provider>
  delivery: Delivery
  notifier: Notifier
  estimates: Estimates
  outputLifetimes: OutputLifetimes
  clock: Clock
  /** For everything that waits on the clock in large numbers. */
  timers: Timers
  /** The reads of jobs' states, by provider: thousands become due together after a restart. */
  reads: KeyedLimit
  log: Log
  /** The name of this process's lease; only the owner of a claim writes its state. */
  owner: string
  /** Where the provider sends the webhook of this attempt; undefined where providers cannot reach us. */
  webhookUrlOf(attempt: Pick<Attempt, 'provider' | 'webhookToken'>): string | undefined
  /** Downloads from the providers' storage. */
  download: Download
  /** 0 to 1, for the jitter of retries. */
  random?: (() => number) | undefined
  /** Divides how long a provider is blocked, and how long a lost create call is searched for; for simulated providers, 1 by default. */
  outageSpeed?: number | undefined
  /** Milliseconds after which a render that does not end is held. */
  renderDeadlineMs: number
  /** Milliseconds after which a queued request fails, with nothing charged. */
  queueDeadlineMs: number
  /** Milliseconds after which the words and images of a generation that is over are erased. */
  retentionMs: number
}

/** `pause` ends every wait at once (the work resumes later); `force` also aborts a billable call under way. */
export interface StopSignals {
  pause: AbortSignal
  force: AbortSignal
}
