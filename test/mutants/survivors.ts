import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

/** A mutant of StrykerJS that no test notices. Code and replacement are on one line and cut, as `survivors.md` prints them. */
export interface Survivor {
  /** From the project's root. */
  file: string
  code: string
  replacement: string
}

const Position = z.object({ line: z.number(), column: z.number() })
const Report = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.string(),
      mutants: z.array(
        z.object({ status: z.string(), replacement: z.string().default(''), location: z.object({ start: Position, end: Position }) }),
      ),
    }),
  ),
})

const longest = 90

/** On one line, without what Markdown would read as the end of code. */
export function inOneLine(code: string): string {
  return code.replaceAll(/\s+/g, ' ').replaceAll('`', "'").trim()
}

const cut = (code: string) => (code.length > longest ? `${code.slice(0, longest - 1)}…` : code)
const keyOf = ({ file, code, replacement }: Survivor) => [file, code, replacement].join('\n')

/** What StrykerJS's JSON report lists as unnoticed. */
export function readReport(text: string): Survivor[] {
  const { files } = Report.parse(JSON.parse(text))
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n')
    const offsetOf = ({ line, column }: z.infer<typeof Position>) =>
      lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column - 1
    return mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(({ replacement, location: { start, end } }) => ({
        file,
        code: cut(inOneLine(source.slice(offsetOf(start), offsetOf(end)))),
        replacement: cut(inOneLine(replacement)),
      }))
  })
}

/** The entries of `survivors.md`: a heading for each file, then one line for each piece of code, with its replacements and the reason. */
export function readExplained(markdown: string): Survivor[] {
  let file = ''
  return markdown.split('\n').flatMap((line) => {
    file = /^## `(.+)`$/.exec(line)?.[1] ?? file
    const [, code, replacements, reason] = /^- `([^`]+)` → ((?:`[^`]+`(?:, )?)+): (.+)$/.exec(line) ?? []
    if (line.startsWith('- ') && !reason) throw new Error(`survivors.md: not "- \`code\` → \`replacement\`: reason": ${line}`)
    if (code === undefined || replacements === undefined) return []
    return [...replacements.matchAll(/`([^`]+)`/g)].map(([, replacement = '']) => ({ file, code, replacement }))
  })
}

/** Those that nothing explains, as lines for `survivors.md`. */
export function unexplained(survivors: readonly Survivor[], explained: readonly Survivor[]): string[] {
  const known = new Set(explained.map(keyOf))
  return survivors
    .filter((survivor) => !known.has(keyOf(survivor)))
    .map(({ file, code, replacement }) => `${file}: \`${code}\` → \`${replacement}\``)
}

/** npm runs this after `npm run mutation`. Exits with 1 if a survivor is not explained. */
if (import.meta.main) {
  const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
  const survivors = readReport(read('reports/mutants.json'))
  const missing = unexplained(survivors, readExplained(read('test/mutants/survivors.md')))
  for (const line of missing) console.log(line)
  console.log(`${survivors.length} survivors, ${missing.length} of them not explained in test/mutants/survivors.md`)
  process.exitCode = missing.length > 0 ? 1 : 0
}
