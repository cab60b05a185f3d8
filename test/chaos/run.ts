import { fileURLToPath } from 'node:url'

import { copyWithFault } from './bot/faulty-copy.ts'
import { type ChaosReport, runChaos } from './chaos-run.ts'
import { describeRun, gapsIn } from './coverage.ts'
import { enoughRounds } from './faults/kill-record.ts'
import { type ChaosOptions, readOptions, usage } from './shared/options.ts'

/**
 * `npm run chaos`: sandbox and bot in processes of their own, waves of requests with faults, ends of processes at random moments. Prints one line of JSON
 * to standard output and everything else to standard error. Exits with 1 if any request ended in a way that no fault it met allows.
 */
const project = fileURLToPath(new URL('../..', import.meta.url))

async function main(options: ChaosOptions): Promise<boolean> {
  const copy = options.fault && copyWithFault(project, options.fault)
  try {
    const report = await runChaos(options, copy?.folder ?? project)
    const problems = [...report.problems, ...(options.rounds >= enoughRounds ? gapsIn(report, options) : [])]
    for (const line of describeRun(report)) console.error(line)
    for (const problem of problems) console.error(problem)
    if (report.problems.length > 0) console.error(`the bots' logs and the evidence are in ${report.folder}`)
    console.log(JSON.stringify({ ...report.verdict, kills: report.kills.count, ...resumeTimes(report) }))
    const { lost, postedTwice, billedTwice, ledgerMinusInvoicesMicroUsd, capExceeded } = report.verdict
    return problems.length === 0 && [lost, postedTwice, billedTwice, ledgerMinusInvoicesMicroUsd, capExceeded].every((value) => value === 0)
  } finally {
    copy?.remove()
  }
}

function resumeTimes({ resumesMs }: ChaosReport): { resumeMsP50: number; resumeMsMax: number } {
  const sorted = [...resumesMs].sort((left, right) => left - right)
  return { resumeMsP50: sorted[Math.floor(sorted.length / 2)] ?? 0, resumeMsMax: sorted.at(-1) ?? 0 }
}

try {
  process.exitCode = (await main(readOptions(process.argv.slice(2)))) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? `${error.message}\n${usage}` : String(error))
  process.exitCode = 1
}
