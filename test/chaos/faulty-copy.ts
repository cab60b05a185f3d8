import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const copied = ['src', 'commands', 'sandbox', 'package.json']

const faults = {
  'no-fence': {
    file: 'src/generations/store/generations.ts',
    from: "    .where('owner', '=', owner)\n    .where('state', '=', from)",
    to: '',
  },
} as const

/** A copy of the program with one line made wrong, so that it is seen that a run notices. Removed by the caller. */
export function copyWithFault(project: string, name: keyof typeof faults): { folder: string; remove(): void } {
  const { file, from, to } = faults[name]
  const source = readFileSync(join(project, file), 'utf8')
  const places = source.split(from).length - 1
  if (places !== 1) throw new Error(`the fault ${name} is out of date: its line stands ${places} times in ${file}`)
  const folder = mkdtempSync(join(tmpdir(), 'rushes-chaos-copy-'))
  for (const entry of copied) cpSync(join(project, entry), join(folder, entry), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, file), source.replace(from, to))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
