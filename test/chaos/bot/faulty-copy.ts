import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { applyMutant } from '../../mutants/apply.ts'
import type { Mutant } from '../../mutants/mutant.ts'
import { mutants } from '../../mutants/mutants.ts'
import type { Break } from '../shared/options.ts'

const copied = ['src', 'commands', 'sandbox', 'test/chaos/bot', 'package.json']

const onRequest = { file: 'src/clip-service.ts', in: 'createClipService.request', at: 'CallExpression[callee.name="check"]' }
const sometimes = 'if (Math.random() < 0.02)'
const test = 'npm run chaos'

const faults: Readonly<Record<Break, readonly Mutant[]>> = {
  'no-fence': mutants.filter(({ name }) => name.endsWith('from the fence')),
  refuse: [{ ...onRequest, name: 'refuse 2 %', with: `{{node}}; ${sometimes} throw new Refusal('store-unavailable')`, test }],
  drop: [{ ...onRequest, name: 'forget 2 %', with: `{{node}}; ${sometimes} return`, test }],
}

/** A copy of the project with a fault, to prove that a run notices. Removed by the caller. */
export function copyWithFault(project: string, fault: Break): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-chaos-copy-'))
  for (const entry of copied) cpSync(join(project, entry), join(folder, entry), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  for (const mutant of faults[fault]) {
    const file = join(folder, mutant.file)
    writeFileSync(file, applyMutant(mutant, readFileSync(file, 'utf8')))
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
