import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

const nanoseconds = 1e6

/** How long something took, many times. All in milliseconds. */
export interface Timings {
  record(milliseconds: number): void
  /** Runs the work and records how long it took. */
  time<Result>(work: () => Promise<Result>): Promise<Result>
  readonly count: number
  /** For instance `percentile(99)`; 0 without any record. */
  percentile(percent: number): number
  readonly longest: number
}

export function createTimings(): Timings {
  const histogram = createHistogram()
  const record = (milliseconds: number) => histogram.record(Math.max(1, Math.round(milliseconds * nanoseconds)))
  return {
    record,
    time: async (work) => {
      const begun = performance.now()
      const result = await work()
      record(performance.now() - begun)
      return result
    },
    get count() {
      return histogram.count
    },
    percentile: (percent) => (histogram.count === 0 ? 0 : histogram.percentile(percent) / nanoseconds),
    get longest() {
      return histogram.count === 0 ? 0 : histogram.max / nanoseconds
    },
  }
}

/** How late this process's event loop was, in milliseconds. */
export interface LoopDelay {
  p50: number
  p99: number
  /** The longest time for which it was blocked. */
  longest: number
}

const resolutionMs = 1

/** Watches this process's event loop until the returned function is called. */
export function watchEventLoop(): () => Promise<LoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  return async () => {
    // A block is recorded by the first timer after it.
    await wait(5 * resolutionMs)
    histogram.disable()
    // Node records the time between two timers, which also contains their interval.
    const late = (recorded: number) => Math.max(0, recorded / nanoseconds - resolutionMs)
    return { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), longest: late(histogram.max) }
  }
}
