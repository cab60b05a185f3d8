import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { crashFaults } from './crash-faults.ts'
import type { Fault } from './fault.ts'
import { faults } from './faults.ts'

/**
 * `npm run breaks [word]`: applies each fault to a copy of the project, runs the named test there and expects it to turn red. A fault that no test notices makes
 * this exit 1: then the test proves nothing. With a word, only the faults whose name contains it.
 */
const project = fileURLToPath(new URL('../..', import.meta.url))
const copied = [
  'start.mjs',
  'start.ts',
  'src',
  'commands',
  'sandbox',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'README.md',
  '.env.example',
]

interface Outcome {
  failed: number
  total: number
}

function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-break-'))
  for (const entry of copied) cpSync(join(project, entry), join(folder, entry), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** The file with the fault in it. A fault whose line is gone or stands twice is out of date, and says so. */
function applyFault(folder: string, fault: Fault): void {
  const path = join(folder, fault.file)
  const source = readFileSync(path, 'utf8')
  const places = source.split(fault.from).length - 1
  if (places !== 1) throw new Error(`"${fault.name}" is out of date: its line stands ${places} times in ${fault.file}`)
  writeFileSync(
    path,
    source.replace(fault.from, () => fault.to),
  )
}

async function runTest(folder: string, { test, title }: Pick<Fault, 'test' | 'title'>): Promise<Outcome> {
  const report = join(folder, 'report.json')
  const options = ['run', test, ...(title === undefined ? [] : ['-t', title]), '--reporter=json', `--outputFile=${report}`]
  const vitest = spawn(process.execPath, [join(project, 'node_modules/vitest/vitest.mjs'), ...options], { cwd: folder, stdio: 'ignore' })
  await new Promise((resolve) => vitest.once('exit', resolve))
  const { numFailedTests, numPassedTests } = JSON.parse(readFileSync(report, 'utf8')) as { numFailedTests: number; numPassedTests: number }
  return { failed: numFailedTests, total: numFailedTests + numPassedTests }
}

/** What the test says of the untouched project: only a green one can be turned red. */
async function checkGreen(chosen: readonly Fault[]): Promise<string[]> {
  const problems: string[] = []
  const folder = copyProject()
  try {
    const runs = new Map(chosen.map(({ test, title }) => [`${test} ${title ?? ''}`.trim(), { test, title }]))
    for (const [name, run] of runs) {
      const outcome = await runTest(folder, run)
      if (outcome.failed > 0 || outcome.total === 0) problems.push(`${name} is not green to begin with`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return problems
}

async function tryFault(fault: Fault): Promise<string | undefined> {
  const folder = copyProject()
  try {
    applyFault(folder, fault)
    const { failed, total } = await runTest(folder, fault)
    // No test at all means that the fault does not even load: that proves nothing either.
    if (total === 0) return `${fault.name}: no test ran in ${fault.test}`
    return failed > 0 ? undefined : `${fault.name}: ${fault.test} stayed green`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const word = process.argv[2] ?? ''
const chosen = [...faults, ...crashFaults].filter(({ name }) => name.includes(word))
const problems = await checkGreen(chosen)
for (const problem of problems) console.error(problem)
if (problems.length === 0) {
  for (const fault of chosen) {
    const problem = await tryFault(fault)
    console.log(problem ? `STAYED GREEN  ${problem}` : `noticed       ${fault.name}`)
    if (problem) problems.push(problem)
  }
}
console.log(`${chosen.length - problems.length} of ${chosen.length} faults were noticed`)
process.exitCode = problems.length === 0 && chosen.length > 0 ? 0 : 1
