import { setTimeout as wait } from 'node:timers/promises'

import { z } from 'zod'

import { type Child, startChild } from '../shared/child.ts'
import { Counts, type Start } from './load-process.ts'

export interface LoadOptions {
  /** The processes' module, which calls `answerLoadRun`. */
  module: URL
  store: Start['store']
  processes: number
  /** Under way at any time, in all processes together. */
  outstanding: number
  /** Seconds that are measured, after a warm-up. */
  seconds: number
  signal: AbortSignal
}

export interface LoadResult {
  /** Done per second in the measured time. */
  perSecond: number
  /** Done in the whole run. */
  done: number
  /** SQL statements of all processes in the whole run. */
  statements: number
  /** Of all processes in the whole run; SQLite only. */
  commits: number
}

const leastWarmUpMs = 1000
const longestWarmUpMs = 12_000
const drainWithinMs = 30_000

/** Keeps a number of clips or jobs under way for some time, then lets them all end. The processes are gone when this resolves. */
export async function measureLoad({ module, store, processes, outstanding, seconds, signal }: LoadOptions): Promise<LoadResult> {
  await using cleanup = new AsyncDisposableStack()
  const children = Array.from({ length: processes }, () => startChild(module, { cleanup }))
  const askAll = <Answer>(name: string, schema: z.ZodType<Answer>) =>
    Promise.all(children.map((child) => child.ask(name, undefined, schema)))
  const readCounts = async () => sum(await askAll('count', Counts))

  const begin = (child: Child, index: number) =>
    child.ask('start', { store, process: index + 1, outstanding: Math.ceil(outstanding / processes) } satisfies Start, z.undefined())
  await Promise.all(children.map(begin))
  // The first ones are all accepted at once; the load is even when they are over.
  const warmUntil = performance.now() + longestWarmUpMs
  do await wait(leastWarmUpMs, undefined, { signal })
  while ((await readCounts()).done < outstanding && performance.now() < warmUntil)
  const [before, from] = [await readCounts(), performance.now()]
  await wait(seconds * 1000, undefined, { signal })
  const [after, until] = [await readCounts(), performance.now()]

  await askAll('finish', z.undefined())
  const drainUntil = performance.now() + drainWithinMs
  let counts = await readCounts()
  while (counts.done < counts.begun) {
    if (performance.now() > drainUntil)
      throw new Error(`${counts.begun - counts.done} of ${counts.begun} did not end within ${drainWithinMs / 1000} s`)
    await wait(100, undefined, { signal })
    counts = await readCounts()
  }
  await askAll('close', z.undefined())
  return { perSecond: (after.done - before.done) / ((until - from) / 1000), ...counts }
}

function sum(counts: readonly Counts[]): Counts {
  const total = (name: keyof Counts) => counts.reduce((all, each) => all + each[name], 0)
  return { begun: total('begun'), done: total('done'), statements: total('statements'), commits: total('commits') }
}
