import type { Config } from '../config/config.ts'
import { createId } from '../domain/ids.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createTimers } from '../lib/timers.ts'
import { createKeyedLimit } from '../lib/concurrency/keyed-limit.ts'
import type { Download } from '../media/download.ts'
import type { Provider } from '../providers/provider.ts'
import type { Database } from '../storage/database.ts'
import { cancelWhereCardsAreDeleted } from './cancel-generation.ts'
import type { CardDeletions, Delivery } from './model/delivery-port.ts'
import type { OutputLifetimes } from './model/output-lifetime.ts'
import { createNotifier, type Notifier } from './notify/notifier.ts'
import { createPostgresNotifier } from './notify/postgres-notifier.ts'
import { checkKeys } from './queue/check-keys.ts'
import { createEstimates, type Estimates, type typicalRunMs } from './store/run-time-estimates.ts'
import type { LeaseTimes } from './worker/lease.ts'
import { createWorker, type Worker } from './worker/worker.ts'

export interface GenerationsOptions {
  config: Pick<Config, 'role' | 'providers' | 'publicServer' | 'renderDeadlineMs' | 'queueDeadlineMs' | 'retentionMs'>
  database: Database
  providers: ReadonlyMap<ProviderId, Provider>
  outputLifetimes: OutputLifetimes
  download: Download
  delivery: Delivery & CardDeletions
  clock: Clock
  log: Log
  typicalRunMs?: typeof typicalRunMs | undefined
  leaseTimes?: LeaseTimes | undefined
  outageSpeed?: number | undefined
}

/** The life of clips, from the queue to the posted message. */
export interface Generations {
  /** Not started yet; does nothing in a process of role `gateway`. */
  worker: Worker
  /** Checks the key of each provider by a free call. Never rejects. */
  checkKeys: (stopping: AbortSignal) => Promise<void>
  /** To be closed after the worker has stopped. */
  notifier: Notifier
  estimates: Estimates
}

/** At one provider. The others of its calls under way are for what cannot wait. */
const readsAtOnce = 16

/** Creates the parts of this module and joins them; nothing is started. */
export async function createGenerations(options: GenerationsOptions): Promise<Generations> {
  const { config, database, clock, log } = options
  const { sharedUrl } = database
  const estimates = await createEstimates(database, options.typicalRunMs)
  const notifier = sharedUrl === undefined ? createNotifier() : await createPostgresNotifier(database, { url: sharedUrl, log })
  cancelWhereCardsAreDeleted({ ...options, notifier })
  if (config.role === 'gateway') return { worker: idleWorker, checkKeys: () => Promise.resolve(), notifier, estimates }

  const { publicServer, renderDeadlineMs, queueDeadlineMs, retentionMs } = config
  const context = {
    ...options,
    estimates,
    notifier,
    timers: createTimers(clock),
    reads: createKeyedLimit(readsAtOnce),
    renderDeadlineMs,
    retentionMs,
    queueDeadlineMs,
    owner: createId(clock.now()),
    webhookUrlOf: ({ provider, webhookToken }: { provider: ProviderId; webhookToken: string }) =>
      publicServer && `${publicServer.url}/webhooks/${provider}/${webhookToken}`,
  }
  const worker = createWorker(config.providers, context, { role: config.role, leaseTimes: options.leaseTimes })
  return { worker, checkKeys: (stopping) => checkKeys(context, stopping), notifier, estimates }
}

/** For a process that makes no clips itself. */
const idleWorker: Worker = { start: () => Promise.resolve(), stop: () => Promise.resolve() }
