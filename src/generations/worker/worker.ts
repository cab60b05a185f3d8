import { createId } from '../../domain/ids.ts'
import { sleep } from '../../lib/sleep.ts'
import { isEldest, listServedProviders } from '../../storage/workers.ts'
import { claim } from '../queue/claim.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'
import { sharedNow } from '../../storage/database-time.ts'
import type { Generation } from '../model/generation.ts'
import { Stopping } from '../model/stop-reasons.ts'
import { reviveHeld, settleDecided } from '../held/held.ts'
import { type Lease, type LeaseTimes, takeLease, usualLeaseTimes } from './lease.ts'
import { createQueueMaintenance } from './queue-maintenance.ts'
import { adoptAll, adoptOrphans, listOwn } from './orphans.ts'
import type { RunContext, StopSignals } from '../run/context.ts'
import { moveStranded } from './reroute.ts'
import { runToEnd } from '../run/run-with-retry.ts'
import { listProvidersWithQueue } from '../store/generations.ts'

/** Runs the story of every claimed generation, and claims more as room appears. */
export interface Worker {
  /** Takes up what an earlier process left unfinished, then begins to claim. */
  start(): Promise<void>
  /** Claims nothing more, waits up to `graceMs` for billable calls under way, pauses everything else where it stands and gives it back. */
  stop(options: { graceMs: number }): Promise<void>
}

export interface DispatcherOptions {
  /** What this process is to the others: `all` or `worker`. */
  role?: string | undefined
  leaseTimes?: LeaseTimes | undefined
}

/** One life of this process as an owner of claims: it ends when others may take the process for dead, and a new one begins under a new name. */
interface Term {
  lease: Lease
  context: RunContext
  signals: StopSignals
}

const lookEveryMs = 5000
/** What a store or a Discord that does not answer may add to the grace of a stop, in milliseconds of the wall. */
const afterGraceMs = 5000

export function createWorker(
  providers: readonly ProviderCapacity[],
  context: RunContext,
  { role = 'all', leaseTimes = usualLeaseTimes }: DispatcherOptions = {},
): Worker {
  const { clock, database, log, notifier } = context
  const isShared = database.sharedUrl !== undefined
  const stopping = new AbortController()
  const force = new AbortController()
  const line = createQueueMaintenance(context)
  const running = new Map<string, Promise<void>>()
  let tending: Promise<void> | undefined
  let term: Term | undefined
  let looping: Promise<void> | undefined
  let awaken: () => void = () => undefined
  let stopListening: () => void = () => undefined

  async function beginTerm(former: Term | undefined): Promise<Term> {
    const owner = former ? createId(clock.now()) : context.owner
    const replaces = former?.lease.owner
    const lease = await takeLease(database, {
      owner,
      replaces,
      role,
      providers: providers.map(({ id }) => id),
      times: leaseTimes,
      onBeat: () => awaken(),
      log,
    })
    const signals = { pause: AbortSignal.any([stopping.signal, lease.lost]), force: force.signal }
    return { lease, context: { ...context, owner }, signals }
  }

  function run(generation: Generation, { context: own, signals }: Term): void {
    // Told already, or still: a story of an earlier term may be waiting for the answer to its create call.
    if (running.has(generation.id)) return
    const story = runToEnd(generation, own, signals).finally(() => {
      running.delete(generation.id)
      // Room at a provider is room for every process.
      if (stopping.signal.aborted) awaken()
      else notifier.notifyWork()
    })
    running.set(generation.id, story)
  }

  /** What is held is looked after beside the claiming: a provider that answers slowly must not keep the others waiting. */
  function tendHeld(current: Term): void {
    const { pause } = current.signals
    tending ??= settleDecided(current.context)
      .then(() =>
        reviveHeld(current.context, pause, { isBusy: (id) => running.has(id), onRevived: (generation) => run(generation, current) }),
      )
      .catch((error: unknown) => {
        if (!pause.aborted) log.error({ error }, 'held generations could not be looked after; trying again')
      })
      .finally(() => (tending = undefined))
  }

  function takeUp(orphans: readonly Generation[], current: Term): void {
    if (orphans.length > 0) log.info({ count: orphans.length }, 'taking up unfinished generations')
    for (const orphan of orphans) run(orphan, current)
  }

  async function takeUpOwn(current: Term): Promise<void> {
    // Whatever is at work now may be over before the store answers.
    const atWork = new Set(running.keys())
    const own = await listOwn(database, current.lease.owner)
    takeUp(
      own.filter(({ id }) => !atWork.has(id)),
      current,
    )
  }

  async function claimAll(current: Term): Promise<number> {
    let wait = lookEveryMs
    const waiting = await listProvidersWithQueue(database.statements)
    for (const provider of providers.filter(({ id }) => waiting.has(id))) {
      const now = await sharedNow(database, clock)
      const { claimed, retryAt } = await claim(database, provider, { owner: current.lease.owner, now })
      for (const generation of claimed) run(generation, current)
      if (retryAt !== undefined) wait = Math.min(wait, Math.max(1, retryAt - now))
    }
    return wait
  }

  async function look(current: Term): Promise<number> {
    if (isShared) takeUp(await adoptOrphans(database, current.lease.owner, leaseTimes.expiryMs), current)
    await takeUpOwn(current)
    tendHeld(current)
    const wait = await claimAll(current)
    // Of several processes one looks after those that wait: the eldest.
    if (isShared && !(await isEldest(database.statements, current.lease.owner))) return wait
    if (isShared) await moveStranded(await listServedProviders(database.statements), context)
    await line.look()
    return wait
  }

  async function loop(first: Term): Promise<void> {
    let current = first
    while (!stopping.signal.aborted) {
      // Made before looking: a wake that arrives meanwhile must not be lost, it ends the rest at once.
      const notified = new AbortController()
      awaken = () => notified.abort()
      let wait = lookEveryMs
      try {
        if (current.lease.lost.aborted) current = term = await beginTerm(current)
        wait = await look(current)
      } catch (error) {
        log.error({ error }, 'claiming failed; trying again')
      }
      const ends = [notified.signal, stopping.signal, ...(current.lease.lost.aborted ? [] : [current.lease.lost])]
      await clock.sleep(wait, { signal: AbortSignal.any(ends) }).catch(() => undefined) // woken, stopping, or a new term is due
    }
  }

  async function windUp(): Promise<void> {
    await looping
    await Promise.all([tending, ...running.values()])
    // While they are still ours: the last edits say that nobody watches for the moment.
    await context.delivery.drain()
    await term?.lease.end()
    if (isShared) notifier.notifyWork()
  }

  return {
    start: async () => {
      term = await beginTerm(undefined)
      stopListening = notifier.onWork(() => awaken())
      if (!isShared) {
        takeUp(await adoptAll(database, term.lease.owner), term)
        await moveStranded(new Set(providers.map(({ id }) => id)), context)
      }
      looping = loop(term)
    },
    stop: async ({ graceMs }) => {
      stopping.abort(new Stopping())
      stopListening()
      const deadline = setTimeout(() => force.abort(new Stopping()), graceMs)
      const ended = windUp().then(() => 'ended' as const)
      const givenUp = new AbortController()
      const late = sleep(graceMs + afterGraceMs, givenUp.signal).then(() => 'late' as const)
      if ((await Promise.race([ended, late])) === 'late') log.warn({}, 'the stop took too long; what is unfinished is taken up later')
      givenUp.abort()
      clearTimeout(deadline)
    },
  }
}

/** For a process that makes no clips itself. */
export function createIdleWorker(): Worker {
  return { start: () => Promise.resolve(), stop: () => Promise.resolve() }
}
