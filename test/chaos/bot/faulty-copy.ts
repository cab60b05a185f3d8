import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { applyMutant } from '../../mutants/apply.ts'
import { mutants } from '../../mutants/mutants.ts'

const copied = ['src', 'commands', 'sandbox', 'test/chaos/bot', 'package.json']

/** A copy of the project without the fence, to prove that a run notices. Removed by the caller. */
export function copyWithoutFence(project: string): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-chaos-copy-'))
  for (const entry of copied) cpSync(join(project, entry), join(folder, entry), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  for (const mutant of mutants.filter(({ name }) => name.endsWith('from the fence'))) {
    const file = join(folder, mutant.file)
    writeFileSync(file, applyMutant(mutant, readFileSync(file, 'utf8')))
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
