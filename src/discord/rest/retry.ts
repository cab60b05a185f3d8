import type { Clock } from '../../lib/clock.ts'

import { isTransient } from './errors.ts'

export interface RepeatOptions {
  clock: Clock
  signal?: AbortSignal | undefined
  /** Milliseconds before each further try; as many tries more as there are pauses. */
  pausesMs: readonly number[]
}

/** For what a process must read before it can begin: Discord's short faults do not keep it from starting. */
export const startPausesMs: readonly number[] = [500, 2000, 5000]

/** Tries a call again after a broken connection or a fault of Discord's. Only for calls that are harmless to repeat. */
export async function repeatOnFault<Result>(call: () => Promise<Result>, { clock, signal, pausesMs }: RepeatOptions): Promise<Result> {
  for (const pause of pausesMs) {
    try {
      return await call()
    } catch (error) {
      if (!isTransient(error) || signal?.aborted) throw error
      await clock.sleep(pause, { signal })
    }
  }
  return call()
}
