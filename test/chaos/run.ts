import { fileURLToPath } from 'node:url'

import { runChaos } from './chaos-run.ts'
import { copyWithoutFence } from './bot/faulty-copy.ts'
import { enoughRounds } from './faults/kill-record.ts'
import { type ChaosOptions, readOptions, usage } from './shared/options.ts'

/**
 * `npm run chaos`: sandbox and bot in processes of their own, a stream of requests with faults, kills at random moments. Prints one line of JSON to
 * standard output and everything else to standard error.
 */
const project = fileURLToPath(new URL('../..', import.meta.url))

async function main(options: ChaosOptions): Promise<boolean> {
  const copy = options.withoutFence ? copyWithoutFence(project) : undefined
  try {
    const { verdict, kills, resumesMs, jobsByProvider, problems, folder } = await runChaos(options, copy?.folder ?? project)
    if (options.rounds >= enoughRounds) {
      for (const state of kills.missed()) problems.push(`too few kills hit a generation that was ${state}`)
      for (const [provider, jobs] of Object.entries(jobsByProvider)) if (jobs === 0) problems.push(`${provider} was never asked`)
    }
    console.error(`jobs by provider: ${JSON.stringify(jobsByProvider)}`)
    console.error(`states hit by the kills: ${JSON.stringify(kills.histogram)}, during a create call: ${kills.insideCreate.size}`)
    for (const problem of problems) console.error(problem)
    if (problems.length > 0) console.error(`the bots' logs are in ${folder}`)
    const sorted = [...resumesMs].sort((left, right) => left - right)
    const resumes = { resumeMsP50: sorted[Math.floor(sorted.length / 2)] ?? 0, resumeMsMax: sorted.at(-1) ?? 0 }
    console.log(JSON.stringify({ ...verdict, kills: kills.count, ...resumes }))
    const { lost, postedTwice, billedTwice, ledgerMinusInvoicesMicroUsd, capExceeded } = verdict
    return problems.length === 0 && [lost, postedTwice, billedTwice, ledgerMinusInvoicesMicroUsd, capExceeded].every((value) => value === 0)
  } finally {
    copy?.remove()
  }
}

try {
  process.exitCode = (await main(readOptions(process.argv.slice(2)))) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? `${error.message}\n${usage}` : String(error))
  process.exitCode = 1
}
