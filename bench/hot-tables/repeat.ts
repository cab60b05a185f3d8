import { setImmediate as turn } from 'node:timers/promises'

import { z } from 'zod'

import { createTimings, watchEventLoop } from '../shared/timings.ts'

/** All in milliseconds; `processor` is the median of this process's processor time, which depends little on what else the machine does. */
export const Repeated = z.object({ p50: z.number(), p99: z.number(), longestBlock: z.number(), processor: z.number() })
export type Repeated = z.infer<typeof Repeated>

export interface RepeatOptions {
  times: number
  /** Ends the repetition early where each takes long. */
  withinMs: number
  /** Done after each, unmeasured. */
  between?: () => Promise<void>
}

/** How long the work takes, and for how long it blocks the event loop at most. The first time is not counted: caches are empty, code is not compiled. */
export async function repeat(work: (index: number) => Promise<void>, { times, withinMs, between }: RepeatOptions): Promise<Repeated> {
  const timings = createTimings()
  const processor = createTimings()
  let longestBlock = 0
  const until = performance.now() + withinMs
  for (let index = 0; index <= times && (index < 4 || performance.now() < until); index += 1) {
    // What was left over by the one before is none of this one's.
    await turn()
    const stopWatching = watchEventLoop()
    const begun = performance.now()
    const usedBefore = process.cpuUsage()
    await work(index)
    const took = performance.now() - begun
    const used = process.cpuUsage(usedBefore)
    const { longest } = await stopWatching()
    await between?.()
    if (index === 0) continue
    timings.record(took)
    processor.record((used.user + used.system) / 1000)
    longestBlock = Math.max(longestBlock, longest)
  }
  return { p50: timings.percentile(50), p99: timings.percentile(99), longestBlock, processor: processor.percentile(50) }
}
