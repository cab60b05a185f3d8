import { createInterval } from '../../lib/interval.ts'
import { tokenLifetimeMs } from '../model/generation.ts'
import type { RunContext } from '../run/context.ts'
import { deleteOldEvents, deleteUnusedImages, erasePrompts, eraseTokens } from '../store/erase.ts'

/** A request is accepted or refused long before; until then no generation names its image. */
const unnamedImageMs = 60 * 60_000
const everyMs = 60_000
const rowsPerRun = 50
/** An image has up to 10 MB. */
const imagesPerRun = 5

/**
 * Erases what is no longer needed, in small batches; called after each check, by one process. What a batch leaves is erased by the next run, also after
 * a restart. A failure delays nothing else.
 */
export function createRetention({ database, clock, log, retentionMs }: Pick<RunContext, 'database' | 'clock' | 'log' | 'retentionMs'>) {
  const interval = createInterval(everyMs, clock)
  return {
    async run(): Promise<void> {
      if (!interval.take()) return
      const now = clock.now()
      const old = { before: now - retentionMs, limit: rowsPerRun }
      const { statements } = database
      try {
        const tokens = await eraseTokens(database, { before: now - tokenLifetimeMs, limit: rowsPerRun })
        const generations = await erasePrompts(database, old, now)
        const events = await deleteOldEvents(statements, old)
        const images = await deleteUnusedImages(database, { before: now - unnamedImageMs, limit: imagesPerRun })
        if (generations + events + images > 0) log.info({ generations, events, images }, 'erased what is past its retention')
        // A full batch: there is probably more.
        if (Math.max(tokens, generations, events) === rowsPerRun || images === imagesPerRun) interval.reset()
      } catch (error) {
        log.error({ error }, 'erasing what is past its retention failed; trying again')
      }
    },
  }
}
