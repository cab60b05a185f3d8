import type { Generation } from '../model/generation.ts'
import { unfinished } from '../model/generation.ts'
import type { RunContext, StopSignals } from './context.ts'
import { produce } from './run.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { findGeneration } from '../store/generations.ts'

const retryAfterFaultMs = 5000
const longestRetryMs = 60_000

/** A fault of our own (a store that hiccups) does not end a generation: its story is taken up again from where it stands. */
export async function runToEnd(claimed: Generation, context: RunContext, signals: StopSignals): Promise<void> {
  const { clock, log, owner } = context
  const isPaused = () => signals.pause.aborted
  let generation = claimed
  for (let attempt = 1; !isPaused(); attempt += 1) {
    const outcome = await produce(generation, context, signals).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    if (!outcome || isPaused()) return
    const fields = { error: outcome.error, generation: generation.id, reference: generation.reference, attempt }
    if (outcome.error instanceof LeaseLost) log.warn(fields, 'somebody else acted on this generation')
    else log.error(fields, 'a generation met a fault; it is taken up again if it is still ours')
    const current = await readUntilAnswered(generation.id, context, signals.pause)
    // Its last step may have been written although its answer was lost: what is over must not go on.
    if (current?.owner !== owner || !unfinished.includes(current.state)) return
    const pause = Math.min(longestRetryMs, retryAfterFaultMs * attempt)
    await clock.sleep(pause, { signal: signals.pause }).catch(() => undefined) // stopping: the loop sees it
    generation = current
  }
}

/** Where a generation really stands; undefined if the bot is stopped before the store says so. */
async function readUntilAnswered(id: string, { clock, database }: RunContext, pause: AbortSignal): Promise<Generation | undefined> {
  while (!pause.aborted) {
    try {
      return await findGeneration(database.statements, id)
    } catch {
      await clock.sleep(retryAfterFaultMs, { signal: pause }).catch(() => undefined) // asked again, or stopping
    }
  }
  return undefined
}
