import { createId } from '../../domain/ids.ts'
import { raceAbort } from '../../lib/abortable.ts'
import { sleep } from '../../lib/clock.ts'
import { sharedNow } from '../../storage/database.ts'
import { resumeHeld } from '../held/resume.ts'
import { settleHeld } from '../held/held.ts'
import type { Generation } from '../model/generation.ts'
import { Stopping } from '../model/stop-reasons.ts'
import { claim } from '../queue/claim.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'
import { probeBlocked } from '../queue/prober.ts'
import type { RunContext, StopSignals } from '../run/context.ts'
import { runWithRetry } from '../run/run.ts'
import { type Lease, type LeaseTimes, takeLease, usualLeaseTimes } from './lease.ts'
import { adoptAll, adoptOrphans, listOwned } from './orphans.ts'
import { noteServed, readProviderKeys } from './provider-keys.ts'
import { createQueueMaintenance } from './queue-maintenance.ts'
import { createRetention } from './retention.ts'
import { settleUnreadable } from './settle-unreadable.ts'

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
  const background = new Map<string, Promise<void>>()
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

  /** In the background and once at a time, because a provider that responds slowly must not delay the others. */
  function runInBackground(work: string, { pause }: StopSignals, start: () => Promise<void>): void {
    if (background.has(work)) return
    const ended = start()
      .catch((error: unknown) => {
        if (!pause.aborted) log.error({ error, work }, 'background work failed; trying again')
      })
      .finally(() => background.delete(work))
    background.set(work, ended)
  }

  async function checkHeld(current: ActiveLease): Promise<void> {
    const isRunning = (id: string) => running.has(id)
    const onResumed = (generation: Generation) => run(generation, current)
    await settleHeld(current.context)
    await resumeHeld(current.context, current.signals.pause, { isRunning, onResumed })
  }

  function resume(unfinished: readonly Generation[], current: ActiveLease): void {
    if (unfinished.length > 0) log.info({ count: unfinished.length }, 'resuming unfinished generations')
    for (const generation of unfinished) run(generation, current)
  }

  async function resumeOwned(current: ActiveLease): Promise<void> {
    // What is running now may be over before the store responds.
    const runningBefore = new Set(running.keys())
    const owned = await listOwned(database, current.lease.owner)
    const lost = owned.filter(({ id }) => !runningBefore.has(id))
    resume(lost, current)
  }

  /** Returns the milliseconds after which the next check is due. */
  async function check(current: ActiveLease): Promise<number> {
    const { owner } = current.lease
    const now = await sharedNow(database, clock)
    const keys = await readProviderKeys(database, { ...self, owner, now })
    const adoption = { owner, mayAdopt: keys.mayAdopt }
    resume(
      isShared ? await adoptOrphans(database, { ...adoption, expiryMs: leaseTimes.expiryMs }) : await adoptAll(database, adoption),
      current,
    )
    await resumeOwned(current)
    await settleUnreadable(current.context, (id) => running.has(id))
    runInBackground('held generations', current.signals, () => checkHeld(current))
    runInBackground('blocked providers', current.signals, () => probeBlocked(current.context, current.signals.pause))
    const { claimed, retryAt = now + checkEveryMs } = await claim(database, providers, { owner, now })
    for (const generation of claimed) run(generation, current)
    if (keys.eldest === owner) {
      await noteServed(database.statements, keys.served, now)
      await queueMaintenance.run(keys)
      await retention.run()
    }
    return Math.min(checkEveryMs, Math.max(1, retryAt - now))
  }

  async function loop(first: ActiveLease): Promise<void> {
    let current = first
    while (!stopping.signal.aborted) {
      // Created before the check: a notification that arrives meanwhile ends the wait at once.
      const notified = new AbortController()
      notify = () => notified.abort()
      let waitMs = checkEveryMs
      try {
        if (current.lease.lost.aborted) current = active = await beginLease(current)
        waitMs = await check(current)
      } catch (error) {
        log.error({ error }, 'claiming failed; trying again')
      }
      const ends = [notified.signal, stopping.signal, ...(current.lease.lost.aborted ? [] : [current.lease.lost])]
      await sleep(waitMs, AbortSignal.any(ends), clock)
    }
  }

  async function drain(): Promise<void> {
    await looping
    await Promise.all([...background.values(), ...running.values()])
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
