import { settleHeld } from '../held/held.ts'
import { resumeHeld } from '../held/resume.ts'
import type { Generation } from '../model/generation.ts'
import { probeBlocked } from '../queue/prober.ts'
import type { RunContext } from '../run/context.ts'
import type { BackgroundWork } from './background-work.ts'
import { adoptAll, adoptOrphans, listOwned } from './orphans.ts'
import { type KeyHolder, type ProviderKeys, readProviderKeys } from './provider-keys.ts'
import { settleUnreadable } from './settle-unreadable.ts'

export interface Housekeeping {
  holder: KeyHolder
  /** Of the present lease. */
  context: RunContext
  /** Aborts when this process stops or loses its lease. */
  pause: AbortSignal
  /** How long another worker may be silent before its claims are adopted, in milliseconds. */
  expiryMs: number
  /** What runs here. */
  running: ReadonlyMap<string, unknown>
  run: (generation: Generation) => void
  background: BackgroundWork
}

/** Continues what other processes, or lost responses of the store, left behind. Returns who has which provider's key. */
export async function runHousekeeping({ holder, context, pause, expiryMs, running, run, background }: Housekeeping): Promise<ProviderKeys> {
  const { database, log } = context
  const isRunning = (id: string) => running.has(id)
  const resume = (unfinished: readonly Generation[]) => {
    if (unfinished.length > 0) log.info({ count: unfinished.length }, 'resuming unfinished generations')
    for (const generation of unfinished) run(generation)
  }

  const keys = await readProviderKeys(database, holder)
  const adoption = { owner: holder.owner, mayAdopt: keys.mayAdopt }
  resume(database.sharedUrl === undefined ? await adoptAll(database, adoption) : await adoptOrphans(database, { ...adoption, expiryMs }))
  // What is running now may be over before the store responds.
  const runningBefore = new Set(running.keys())
  resume(await listOwned(database, holder.owner, runningBefore))
  await settleUnreadable(context, isRunning)
  background.run('held generations', pause, async () => {
    await settleHeld(context)
    await resumeHeld(context, pause, { isRunning, onResumed: run })
  })
  background.run('blocked providers', pause, () => probeBlocked(context, pause))
  return keys
}
