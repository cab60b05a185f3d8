import { createId } from '../../domain/ids.ts'
import { raceAbort } from '../../lib/abortable.ts'
import { sleep } from '../../lib/clock.ts'
import { createInterval } from '../../lib/interval.ts'
import { sharedNow } from '../../storage/database.ts'
import { describeStep } from '../model/describe-step.ts'
import type { Generation } from '../model/generation.ts'
import { Stopping } from '../model/stop-reasons.ts'
import { claim, type Claims, readQueuedAt } from '../queue/claim.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'
import type { RunContext, StopSignals } from '../run/context.ts'
import { runWithRetry } from '../run/run.ts'
import { createBackgroundWork } from './background-work.ts'
import { createCheckPace } from './check-pace.ts'
import { type Lease, type LeaseTimes, takeLease, usualLeaseTimes } from './lease.ts'
import { noteServed, type ProviderKeys } from './provider-keys.ts'
import { createQueueMaintenance } from './queue-maintenance.ts'
import { createRetention } from './retention.ts'
import { runHousekeeping } from './housekeeping.ts'

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
/** Milliseconds between two checks that do more than claim. */
const housekeepingEveryMs = 1000
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
  const pace = createCheckPace(clock)
  const housekeeping = createInterval(housekeepingEveryMs, clock)
  let active: ActiveLease | undefined
  let looping: Promise<void> | undefined
  let notify: () => void = () => undefined
  /** A create call of this process is over. */
  let notifyAtOnce: () => void = () => undefined
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
    const notifyWork = () => {
      notifyAtOnce()
      notifier.notifyWork()
    }
    return { lease, context: { ...context, owner, notifier: { ...notifier, notifyWork } }, signals }
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

  function keepHouse(current: ActiveLease, now: number): Promise<ProviderKeys> {
    const holder = { ...self, owner: current.lease.owner, now }
    const { pause } = current.signals
    const onRun = (generation: Generation) => run(generation, current)
    return runHousekeeping({ holder, context: current.context, pause, expiryMs: leaseTimes.expiryMs, running, run: onRun, background })
  }

  /** Returns the milliseconds after which the next check is due. */
  async function check(current: ActiveLease): Promise<number> {
    const { owner } = current.lease
    pace.begin()
    const tidiedAt = housekeeping.take() ? await sharedNow(database, clock) : undefined
    const keys = tidiedAt === undefined ? undefined : await keepHouse(current, tidiedAt)
    const now = await readQueuedAt(database, clock)
    const claims: Claims = now === undefined ? { claimed: [], hasLeft: false } : await claim(database, providers, { owner, now })
    for (const generation of claims.claimed) {
      log.info(describeStep(generation), 'claimed')
      run(generation, current)
    }
    pace.end(claims)
    if (tidiedAt !== undefined && keys?.eldest === owner) {
      await noteServed(database.statements, keys.served, tidiedAt)
      await queueMaintenance.run(keys)
      await retention.run()
    }
    const retryMs = now === undefined || claims.retryAt === undefined ? checkEveryMs : claims.retryAt - now
    // What notified a check that only claims may be left for the next one that does more.
    const next = Math.min(retryMs, keys ? checkEveryMs : housekeeping.remainingMs())
    return Math.min(checkEveryMs, Math.max(1, next))
  }

  async function loop(first: ActiveLease): Promise<void> {
    let current = first
    while (!stopping.signal.aborted) {
      // Created before the check: a notification that arrives meanwhile ends the wait at once.
      const [notified, freed] = [new AbortController(), new AbortController()]
      notify = () => notified.abort()
      notifyAtOnce = () => {
        pace.reset()
        freed.abort()
        notified.abort()
      }
      let waitMs = checkEveryMs
      try {
        if (current.lease.lost.aborted) {
          current = active = await beginLease(current)
          housekeeping.reset()
        }
        waitMs = await check(current)
      } catch (error) {
        log.error({ error }, 'claiming failed; trying again')
      }
      const ends = [notified.signal, stopping.signal, ...(current.lease.lost.aborted ? [] : [current.lease.lost])]
      await sleep(waitMs, AbortSignal.any(ends), clock)
      // Many notifications cost one check.
      await sleep(pace.remainingMs(), AbortSignal.any([stopping.signal, freed.signal]), clock)
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
