import { retry } from '../../lib/retry.ts'
import { sleep } from '../../lib/clock.ts'
import { type Generation, unfinished } from '../model/generation.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { findGeneration } from '../store/generations.ts'
import type { RunContext, StopSignals } from './context.ts'
import { run } from './run.ts'

const firstRetryMs = 5000
const longestRetryMs = 60_000

/** A fault of our own (a store that fails for a moment) does not end a generation: it is run again from the step it has reached. */
export async function runWithRetry(claimed: Generation, context: RunContext, signals: StopSignals): Promise<void> {
  const { clock, log, owner } = context
  const isPaused = () => signals.pause.aborted
  let generation = claimed
  for (let attempt = 1; !isPaused(); attempt += 1) {
    try {
      await run(generation, context, signals)
      return
    } catch (error) {
      if (isPaused()) return
      const fields = { error, generation: generation.id, reference: generation.reference, attempt }
      if (error instanceof LeaseLost) log.warn(fields, 'another process changed this generation')
      else log.error(fields, 'a generation failed by our own fault; retrying if we still own it')
    }
    const current = await readUntilAnswered(generation.id, context, signals.pause)
    // The last step may have been committed although its response was lost: a final state must not be run again.
    if (current?.owner !== owner || !unfinished.includes(current.state)) return
    await sleep(Math.min(longestRetryMs, firstRetryMs * attempt), signals.pause, clock)
    generation = current
  }
}

/** The stored generation; undefined if the bot stops before the store responds. */
function readUntilAnswered(id: string, { clock, database }: RunContext, pause: AbortSignal): Promise<Generation | undefined> {
  const read = () => findGeneration(database.statements, id)
  return retry(read, { delays: () => firstRetryMs, signal: pause, clock }).catch(() => undefined) // only the pause ends the retries
}
