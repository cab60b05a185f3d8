import type { Clock } from '../../lib/clock.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Log } from '../../lib/log.ts'
import type { Provider } from '../../providers/provider.ts'
import type { Router } from '../../providers/router.ts'
import type { Database } from '../../storage/database.ts'
import type { Delivery } from '../model/delivery-port.ts'
import type { Attempt } from '../store/attempts.ts'
import type { Estimates } from '../store/run-time-estimates.ts'
import type { Notifier } from '../notify/notifier.ts'

/** What the story of a generation needs; made and joined in src/main.ts. */
export interface RunContext {
  database: Database
  providers: ReadonlyMap<ProviderId, Provider>
  delivery: Delivery
  notifier: Notifier
  router: Router
  estimates: Estimates
  clock: Clock
  log: Log
  /** This process; only the owner of a claim writes its state. */
  owner: string
  /** Where the provider shall announce the end of this attempt; undefined where nobody outside can reach us. */
  webhookUrlOf(attempt: Attempt): string | undefined
  /** Fetches a finished clip from wherever the provider serves it. Throws `OutputGone` where it no longer does. */
  downloadClip(url: string, options: { signal: AbortSignal }): Promise<Uint8Array>
  /** Milliseconds after which a render that never ends is held. */
  renderDeadlineMs: number
  /** Milliseconds after which a request that still waits in the queue is given up, with nothing charged. */
  queueDeadlineMs: number
}

/** Two ways to stop: `pause` ends waiting at once (it can be taken up again later), `force` also gives up on a billable call under way. */
export interface StopSignals {
  pause: AbortSignal
  force: AbortSignal
}
