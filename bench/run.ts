import { setTimeout as wait } from 'node:timers/promises'

import { raceAbort } from '../src/lib/abortable.ts'
import { benches } from './benches.ts'
import type { Bench } from './shared/bench.ts'
import { type Measurement, renderTable, toMeasurement } from './shared/measurement.ts'

/**
 * `npm run bench -- <name>`: prints one line of JSON for each measurement and then a table to standard output, everything else to standard error. A missed
 * target is a result, so the exit code is 1 only if the bench itself failed.
 */
const longestRunMs = 175_000
const longestCleanupMs = 15_000

async function run(name: string, bench: Bench, words: readonly string[]): Promise<void> {
  const measurements: Measurement[] = []
  const stopping = new AbortController()
  const timer = setTimeout(() => stopping.abort(new Error(`the bench took longer than ${longestRunMs / 1000} s`)), longestRunMs)
  for (const event of ['SIGINT', 'SIGTERM'] as const) process.once(event, () => stopping.abort(new Error(`stopped by ${event}`)))
  const cleanup = new AsyncDisposableStack()
  try {
    const work = bench.load().then((start) =>
      start({
        ...{ words, cleanup, signal: stopping.signal },
        note: (text) => console.error(text),
        report: (measured) => {
          const measurement = toMeasurement(name, measured)
          measurements.push(measurement)
          console.log(JSON.stringify(measurement))
        },
      }),
    )
    await raceAbort(work, stopping.signal)
  } finally {
    clearTimeout(timer)
    await Promise.race([cleanup.disposeAsync(), wait(longestCleanupMs, undefined, { ref: false })])
  }
  console.log(`\n${renderTable(measurements)}`)
}

const [name, ...words] = process.argv.slice(2)
const bench = name === undefined ? undefined : benches[name]
if (name !== undefined && bench) {
  try {
    await run(name, bench, words)
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
  // Whatever a bench that was interrupted still waits for.
  process.exit()
}
const width = Math.max(0, ...Object.keys(benches).map((each) => each.length))
const lines = Object.entries(benches).map(([each, { summary }]) => `  ${each.padEnd(width)}  ${summary}`)
console.error([...(name === undefined ? [] : [`there is no bench ${name}`]), 'npm run bench -- NAME', ...lines].join('\n'))
process.exitCode = name === undefined ? 0 : 1
