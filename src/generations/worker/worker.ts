import { createId } from '../../domain/ids.ts'
import { raceAbort } from '../../lib/abortable.ts'
import { sleep } from '../../lib/clock.ts'
import { createInterval } from '../../lib/interval.ts'
import { sharedNow } from '../../storage/database.ts'
import type { Generation } from '../model/generation.ts'
import { Stopping } from '../model/stop-reasons.ts'
import { claim } from '../queue/claim.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'
import type { RunContext, StopSignals } from '../run/context.ts'
import { runWithRetry } from '../run/run.ts'
import { createBackgroundWork } from './background-work.ts'
import { type Lease, type LeaseTimes, takeLease, usualLeaseTimes } from './lease.ts'
import { noteServed, type ProviderKeys } from './provider-keys.ts'
import { createQueueMaintenance } from './queue-maintenance.ts'
import { createRetention } from './retention.ts'
import { tidy } from './tidy.ts'

/** Runs every claimed generation, and claims more as capacity becomes free. */
export interface Worker {
  /** Resumes what an earlier process left unfinished, then begins to claim. */
  start(): Promise<void>
  /** Claims nothing more, waits up to `graceMs` for billable calls under way, pauses everything else and returns its claims. */
  stop(options: { graceMs: number }): Promise<void>
}

export interface WorkerOptions {
  /** How this process is listed among the workers: `all` or `worker`. */
  role?: string | undefined
  leaseTimes?: LeaseTimes | undefined
}

/** A lease and everything that ends with it. After a lost lease the process continues with a new one, under a new name. */
interface ActiveLease {
  lease: Lease
  context: RunContext
  signals: StopSignals
}

const checkEveryMs = 5000
/** Milliseconds from one check to the next, however many notifications arrive. */
const leastWaitMs = 100
/** Milliseconds between two checks that do more than claim. */
const tidyEveryMs = 1000
/** Wall-clock milliseconds by which an unresponsive store or Discord may exceed the grace of a stop. */
const afterGraceMs = 5000

export function createWorker(
  providers: readonly ProviderCapacity[],
  context: RunContext,
  { role = 'all', leaseTimes = usualLeaseTimes }: WorkerOptions = {},
): Worker {
  const { clock, database, delivery, log, notifier } = context
  const isShared = database.sharedUrl !== undefined
  const stopping = new AbortController()
  const force = new AbortController()
  const queueMaintenance = createQueueMaintenance({ ...context, providers })
  const retention = createRetention(context)
  const self = { providers: providers.map(({ id }) => id), startedAt: 0 }
  const running = new Map<string, Promise<void>>()
  const background = createBackgroundWork(log)
  const checks = createInterval(leastWaitMs, clock)
  const tidying = createInterval(tidyEveryMs, clock)
  let active: ActiveLease | undefined
  let looping: Promise<void> | undefined
  let notify: () => void = () => undefined
  let stopListening: () => void = () => undefined

  async function beginLease(previous?: ActiveLease): Promise<ActiveLease> {
    const owner = previous ? createId(clock.now()) : context.owner
    const lease = await takeLease(database, {
      owner,
      replaces: previous?.lease.owner,
      role,
      times: leaseTimes,
      log,
      providers: self.providers,
      onHeartbeat: () => notify(),
    })
    const signals = { pause: AbortSignal.any([stopping.signal, lease.lost]), force: force.signal }
    return { lease, context: { ...context, owner }, signals }
  }

  function run(generation: Generation, current: ActiveLease): void {
    // A run of an earlier lease may still be waiting for the response to its create call.
    if (running.has(generation.id)) return
    const ended = runWithRetry(generation, current.context, current.signals).finally(() => {
      running.delete(generation.id)
      // Free capacity at a provider is free for every process.
      if (stopping.signal.aborted) notify()
      else notifier.notifyWork()
    })
    running.set(generation.id, ended)
  }

  function tidyUp(current: ActiveLease, now: number): Promise<ProviderKeys> {
    const holder = { ...self, owner: current.lease.owner, now }
    const { pause } = current.signals
    const onRun = (generation: Generation) => run(generation, current)
    return tidy({ holder, context: current.context, pause, expiryMs: leaseTimes.expiryMs, running, run: onRun, background })
  }

  /** Returns the milliseconds after which the next check is due. */
  async function check(current: ActiveLease): Promise<number> {
    const { owner } = current.lease
    const now = await sharedNow(database, clock)
    const keys = tidying.take() ? await tidyUp(current, now) : undefined
    const { claimed, retryAt = now + checkEveryMs } = await claim(database, providers, { owner, now })
    for (const generation of claimed) run(generation, current)
    if (keys?.eldest === owner) {
      await noteServed(database.statements, keys.served, now)
      await queueMaintenance.run(keys)
      await retention.run()
    }
    // What notified a check that only claims may be left for the next one that does more.
    const next = Math.min(retryAt - now, keys ? checkEveryMs : tidying.remainingMs())
    return Math.min(checkEveryMs, Math.max(1, next))
  }

  async function loop(first: ActiveLease): Promise<void> {
    let current = first
    while (!stopping.signal.aborted) {
      // Created before the check: a notification that arrives meanwhile ends the wait at once.
      const notified = new AbortController()
      notify = () => notified.abort()
      let waitMs = checkEveryMs
      try {
        if (current.lease.lost.aborted) {
          current = active = await beginLease(current)
          tidying.reset()
        }
        checks.take()
        waitMs = await check(current)
      } catch (error) {
        log.error({ error }, 'claiming failed; trying again')
      }
      const ends = [notified.signal, stopping.signal, ...(current.lease.lost.aborted ? [] : [current.lease.lost])]
      await sleep(waitMs, AbortSignal.any(ends), clock)
      // Many notifications cost one check.
      await sleep(checks.remainingMs(), stopping.signal, clock)
    }
  }

  async function drain(): Promise<void> {
    await looping
    await Promise.all([background.ended(), ...running.values()])
    // While the claims are still ours: the last edits say that the bot restarts.
    await delivery.drain()
    await active?.lease.end()
    if (isShared) notifier.notifyWork()
  }

  return {
    start: async () => {
      self.startedAt = clock.now()
      active = await beginLease()
      stopListening = notifier.onWork(() => notify())
      looping = loop(active)
    },
    stop: async ({ graceMs }) => {
      stopping.abort(new Stopping())
      stopListening()
      const late = new AbortController()
      const timers = [
        setTimeout(() => force.abort(new Stopping()), graceMs),
        setTimeout(() => late.abort(new Error('the stop took too long')), graceMs + afterGraceMs),
      ]
      try {
        await raceAbort(drain(), late.signal)
      } catch (error) {
        if (!late.signal.aborted) throw error
        log.warn({}, 'the stop took too long; unfinished generations resume later')
      } finally {
        for (const timer of timers) clearTimeout(timer)
      }
    },
  }
}
