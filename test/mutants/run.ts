import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

import { applyMutant } from './apply.ts'
import { crashMutants } from './crash-mutants.ts'
import { deliveryMutants } from './delivery-mutants.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { moneyMutants } from './money-mutants.ts'
import { providerMutants } from './provider-mutants.ts'
import { queueMutants } from './queue-mutants.ts'
import { storeMutants } from './store-mutants.ts'

/**
 * `npm run mutants [word]`: applies each mutant to a copy of the project, runs the named test there and expects it to fail. Exits with 1 if a mutant goes
 * unnoticed: then its test proves nothing. With a word, only the mutants whose name contains it.
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

interface TestRun {
  failed: number
  total: number
}

function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-mutant-'))
  for (const entry of copied) cpSync(join(project, entry), join(folder, entry), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Ends at the first failure, which decides: a fault that makes one test wait in vain would make the others wait, too. */
async function runTest(folder: string, { test, title }: Pick<Mutant, 'test' | 'title'>): Promise<TestRun> {
  const report = join(folder, 'report.json')
  const options = [
    'run',
    test,
    ...(title === undefined ? [] : ['-t', title]),
    '--bail=1',
    '--testTimeout=30000',
    '--reporter=json',
    `--outputFile=${report}`,
  ]
  const vitest = spawn(process.execPath, [join(project, 'node_modules/vitest/vitest.mjs'), ...options], { cwd: folder, stdio: 'ignore' })
  await new Promise((resolve) => vitest.once('exit', resolve))
  const { numFailedTests, numPassedTests } = Report.parse(JSON.parse(readFileSync(report, 'utf8')))
  return { failed: numFailedTests, total: numFailedTests + numPassedTests }
}

/** Only a test that passes on the unchanged project can be made to fail. */
async function checkPassing(chosen: readonly Mutant[]): Promise<string[]> {
  const problems: string[] = []
  const folder = copyProject()
  try {
    const tests = new Map(chosen.map(({ test, title }) => [`${test} ${title ?? ''}`.trim(), { test, title }]))
    for (const [name, test] of tests) {
      const { failed, total } = await runTest(folder, test)
      if (failed > 0 || total === 0) problems.push(`${name} does not pass on the unchanged project`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return problems
}

async function tryMutant(mutant: Mutant): Promise<string | undefined> {
  const folder = copyProject()
  try {
    const path = join(folder, mutant.file)
    writeFileSync(path, applyMutant(mutant, readFileSync(path, 'utf8')))
    const { failed, total } = await runTest(folder, mutant)
    // Without a single test the mutant does not even load, which proves nothing either.
    if (total === 0) return `${mutant.name}: no test ran in ${mutant.test}`
    return failed > 0 ? undefined : `${mutant.name}: ${mutant.test} still passes`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const Report = z.object({ numFailedTests: z.number(), numPassedTests: z.number() })

const word = process.argv[2] ?? ''
const chosen = [
  ...mutants,
  ...moneyMutants,
  ...crashMutants,
  ...deliveryMutants,
  ...providerMutants,
  ...queueMutants,
  ...storeMutants,
].filter(({ name }) => name.includes(word))
const problems = await checkPassing(chosen)
for (const problem of problems) console.error(problem)
let noticed = 0
if (problems.length === 0) {
  for (const mutant of chosen) {
    const problem = await tryMutant(mutant)
    console.log(problem ? `SURVIVED  ${problem}` : `noticed   ${mutant.name}`)
    if (!problem) noticed += 1
  }
}
console.log(`${noticed} of ${chosen.length} mutants were noticed`)
process.exitCode = noticed === chosen.length && noticed > 0 ? 0 : 1
