import type { ProviderId } from '../../domain/provider-id.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Download } from '../../media/download.ts'
import type { Provider } from '../../providers/provider.ts'
import type { Router } from '../../providers/router.ts'
import type { Database } from '../../storage/database.ts'
import type { Delivery } from '../model/delivery-port.ts'
import type { Notifier } from '../notify/notifier.ts'
import type { Attempt } from '../store/attempts.ts'
import type { Estimates } from '../store/run-time-estimates.ts'

/** What running a generation needs. */
export interface RunContext {
  database: Database
  providers: ReadonlyMap<ProviderId, Provider>
  delivery: Delivery
  notifier: Notifier
  router: Router
  estimates: Estimates
  clock: Clock
  log: Log
  /** The name of this process's lease; only the owner of a claim writes its state. */
  owner: string
  /** Where the provider sends the webhook of this attempt; undefined where providers cannot reach us. */
  webhookUrlOf(attempt: Pick<Attempt, 'provider' | 'webhookToken'>): string | undefined
  /** Downloads from the providers' storage. */
  download: Download
  /** Milliseconds after which a render that does not end is held. */
  renderDeadlineMs: number
  /** Milliseconds after which a queued request fails, with nothing charged. */
  queueDeadlineMs: number
}

/** `pause` ends every wait at once (the work resumes later); `force` also aborts a billable call under way. */
export interface StopSignals {
  pause: AbortSignal
  force: AbortSignal
}
