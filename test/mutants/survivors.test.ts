import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { inOneLine, readExplained, readReport, unexplained } from './survivors.ts'

const at = (line: number, from: number, to: number) => ({ start: { line, column: from }, end: { line, column: to } })
const report = JSON.stringify({
  files: {
    'src/pay.ts': {
      source: 'first\nif (sum > 1) refuse(`${sum}`)\n',
      mutants: [
        { status: 'Survived', replacement: 'true', location: at(2, 5, 12) },
        { status: 'NoCoverage', replacement: ';', location: at(2, 14, 30) },
        { status: 'Killed', replacement: 'false', location: at(2, 5, 12) },
        { status: 'Timeout', replacement: 'sum >= 1', location: at(2, 5, 12) },
      ],
    },
  },
})
const survivors = [
  { file: 'src/pay.ts', code: 'sum > 1', replacement: 'true' },
  { file: 'src/pay.ts', code: "refuse('${sum}')", replacement: ';' },
]

describe('survivors', () => {
  it('are those of the report that no test noticed', () => {
    expect(readReport(report)).toEqual(survivors)
  })

  it('need an entry for their file, code and replacement', () => {
    const explained = readExplained('# Title\n\n## `src/pay.ts`\n\n- `sum > 1` → `false`, `true`: saves a call.\n')
    expect(unexplained(survivors, explained)).toEqual(["src/pay.ts: `refuse('${sum}')` → `;`"])
    expect(unexplained(survivors, readExplained('## `src/other.ts`\n\n- `sum > 1` → `true`: saves a call.\n'))).toHaveLength(2)
  })

  it('need a reason', () => {
    expect(() => readExplained('## `src/pay.ts`\n\n- `sum > 1` → `true`\n')).toThrow('`sum > 1`')
  })
})

it('every explained survivor is still in its file', () => {
  for (const { file, code } of readExplained(readFileSync('test/mutants/survivors.md', 'utf8')))
    expect(inOneLine(readFileSync(file, 'utf8'))).toContain(code.replace(/…$/, ''))
})
