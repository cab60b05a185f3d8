import { onTestFinished } from 'vitest'

import { type Clock, createClock } from '../../../src/lib/clock.ts'
import { createTimers } from '../../../src/lib/timers.ts'
import { createKeyedLimit } from '../../../src/lib/concurrency/keyed-limit.ts'
import { createWorker, type Worker } from '../../../src/generations/worker/worker.ts'
import { createEstimates } from '../../../src/generations/store/run-time-estimates.ts'
import type { Delivery } from '../../../src/generations/model/delivery-port.ts'
import { createNotifier, type Notifier } from '../../../src/generations/notify/notifier.ts'
import { allCapabilities } from '../../../src/providers/capabilities.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { mp4 } from '../../support/media/mp4.ts'

/** A provider that completes every job at once, unless a test changes that. Counts its create calls. */
export function quickProvider(id: Provider['id'], change: Partial<Provider> = {}): Provider & { readonly creates: number } {
  let creates = 0
  return {
    id,
    get creates() {
      return creates
    },
    capabilities: allCapabilities,
    price: () => 350_000,
    prepare: () => Promise.resolve({ url: 'https://provider.example/image' }),
    start: () => {
      creates += 1
      return Promise.resolve({ id: `${id}-job-${creates}` })
    },
    probe: () => Promise.resolve(),
    status: () => Promise.resolve({ state: 'completed', url: 'https://provider.example/clip.mp4' }),
    verifyWebhook: () => Promise.reject(new Error('no webhooks here')),
    ...change,
  }
}

export interface TestWorker {
  worker: Worker
  notifier: Notifier
  clock: Clock & { advance(milliseconds: number): void }
  /** What members would see, in order: `post`, or the state and reason of an outcome. */
  readonly seen: string[]
  /** What the worker logged. */
  readonly lines: readonly string[]
}

/** The core alone, with a real store and the test's own providers. Not started; stopped with the test. */
export async function setUpWorker(database: Database, providers: readonly Provider[], change: Partial<Delivery> = {}): Promise<TestWorker> {
  const owner = 'this-worker'
  const quick = createClock(20)
  let offset = 0
  const clock = {
    now: () => quick.now() + offset,
    sleep: quick.sleep.bind(quick),
    advance: (milliseconds: number) => void (offset += milliseconds),
  }
  const seen: string[] = []
  const delivery: Delivery = {
    show: () => undefined,
    findPosted: () => Promise.resolve(undefined),
    post: () => {
      seen.push('post')
      return Promise.resolve({ channelId: '1', messageId: '2' })
    },
    postOutcome: ({ state, endReason }) => {
      seen.push(`${state}: ${endReason ?? ''}`)
      return Promise.resolve()
    },
    drain: () => Promise.resolve(),
    ...change,
  }
  const notifier = createNotifier()
  const { log, lines } = createCapturedLog()
  const context = {
    ...{ database, delivery, notifier, clock, timers: createTimers(clock), reads: createKeyedLimit(16), owner, log },
    providers: new Map(providers.map((provider) => [provider.id, provider])),
    estimates: await createEstimates(database, { 5: 1000, 10: 1000 }),
    outputLifetimes: new Map(),
    webhookUrlOf: () => undefined,
    retentionMs: 30 * 24 * 60 * 60_000,
    download: () => Promise.resolve(new Uint8Array(mp4())),
    renderDeadlineMs: 30 * 60_000,
    queueDeadlineMs: 60 * 60_000,
  }
  const capacities = providers.map(({ id }) => ({ id, concurrency: 3, createsPerMinute: 6000 }))
  const worker = createWorker(capacities, context, { leaseTimes: { heartbeatMs: 200, expiryMs: 600_000 } })
  onTestFinished(() => worker.stop({ graceMs: 0 }))
  return { worker, notifier, clock, seen, lines }
}
