import { claim, type HostLine } from './claim.ts'
import type { Generation } from './generation.ts'
import { reviveHeld, settleDecided } from './held.ts'
import type { Parts, StopSignals } from './parts.ts'
import { moveStranded } from './stranded.ts'
import { produce } from './produce.ts'
import { toGeneration } from './rows.ts'
import { findGeneration, LeaseLost } from './store.ts'

/** Runs the story of every claimed generation, and claims more as room appears. */
export interface Dispatcher {
  /** Takes up what an earlier process left unfinished, then begins to claim. */
  start(): Promise<void>
  /** There may be work or room: look now. */
  wake(): void
  /** Claims nothing more, waits up to `graceMs` for billable calls under way, pauses everything else where it stands. */
  stop(options: { graceMs: number }): Promise<void>
}

const lookEveryMs = 5000
const retryAfterFaultMs = 5000
const longestRetryMs = 60_000

export function createDispatcher(hosts: readonly HostLine[], parts: Parts): Dispatcher {
  const { clock, database, log, owner } = parts
  const pause = new AbortController()
  const force = new AbortController()
  const signals: StopSignals = { pause: pause.signal, force: force.signal }
  const running = new Map<string, Promise<void>>()
  let tending: Promise<void> | undefined
  let looping: Promise<void> | undefined
  let awaken: () => void = () => undefined

  function run(generation: Generation): void {
    const story = runToEnd(generation, parts, signals).finally(() => {
      running.delete(generation.id)
      awaken()
    })
    running.set(generation.id, story)
  }

  /** What is held is looked after beside the claiming: a host that answers slowly must not keep the others waiting. */
  function tendHeld(): void {
    tending ??= settleDecided(parts)
      .then(() => reviveHeld(parts, pause.signal, (id) => running.has(id)))
      .then((revived) => revived.forEach(run))
      .catch((error: unknown) => {
        if (!pause.signal.aborted) log.error({ error }, 'held generations could not be looked after; trying again')
      })
      .finally(() => (tending = undefined))
  }

  async function claimAll(): Promise<number> {
    let wait = lookEveryMs
    for (const host of hosts) {
      const { claimed, retryAt } = await claim(database, host, { owner, now: clock.now() })
      for (const generation of claimed) run(generation)
      if (retryAt !== undefined) wait = Math.min(wait, Math.max(1, retryAt - clock.now()))
    }
    return wait
  }

  async function loop(): Promise<void> {
    while (!pause.signal.aborted) {
      // Made before claiming: a wake that arrives meanwhile must not be lost, it ends the rest at once.
      const woken = new AbortController()
      awaken = () => woken.abort()
      let wait = lookEveryMs
      try {
        tendHeld()
        wait = await claimAll()
      } catch (error) {
        log.error({ error }, 'claiming failed; trying again')
      }
      await clock.sleep(wait, { signal: AbortSignal.any([woken.signal, pause.signal]) }).catch(() => undefined) // woken or stopping
    }
  }

  return {
    start: async () => {
      await moveStranded(hosts, parts)
      for (const orphan of await adoptOrphans(parts)) run(orphan)
      looping = loop()
    },
    wake: () => awaken(),
    stop: async ({ graceMs }) => {
      pause.abort(new Error('stopping'))
      await looping
      const deadline = setTimeout(() => force.abort(new Error('stopping')), graceMs)
      await Promise.all([tending, ...running.values()])
      clearTimeout(deadline)
    },
  }
}

/** On SQLite this process holds the store's lock, so whatever is claimed by another name is an orphan of a process that is gone. */
async function adoptOrphans({ database, owner, log }: Parts): Promise<Generation[]> {
  const rows = await database.statements
    .updateTable('generations')
    .set({ owner })
    .where('state', 'in', ['submitting', 'rendering', 'delivering'])
    .returningAll()
    .execute()
  if (rows.length > 0) log.info({ count: rows.length }, 'taking up unfinished generations')
  return rows.map((row) => toGeneration(row))
}

/** A fault of our own (a store that hiccups) does not end a generation: its story is taken up again from where it stands. */
async function runToEnd(claimed: Generation, parts: Parts, signals: StopSignals): Promise<void> {
  const { clock, database, log } = parts
  const isPaused = () => signals.pause.aborted
  let generation = claimed
  for (let attempt = 1; !isPaused(); attempt += 1) {
    const outcome = await produce(generation, parts, signals).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    if (!outcome || isPaused()) return
    const fields = { error: outcome.error, generation: generation.id, reference: generation.reference, attempt }
    if (outcome.error instanceof LeaseLost) {
      log.warn(fields, 'the lease was lost; leaving the generation to its owner')
      return
    }
    log.error(fields, 'a generation met a fault; taking it up again')
    await clock.sleep(Math.min(longestRetryMs, retryAfterFaultMs * attempt), { signal: signals.pause }).catch(() => undefined) // stopping: the loop sees it
    generation = (await findGeneration(database.statements, generation.id).catch(() => undefined)) ?? generation // the store hiccups: try with what we have
  }
}
