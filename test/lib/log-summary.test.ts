import { expect, test } from 'vitest'

import { createLogSummary } from '../../src/lib/log-summary.ts'

test('the first is told at once, the others once a minute and by their number', () => {
  let now = 0
  const lines: string[] = []
  const note = createLogSummary((count, example: string) => void lines.push(`${count} ${example}`), { now: () => now })
  for (const example of ['a', 'b', 'c']) note(example)
  now = 59_999
  note('d')
  expect(lines).toEqual(['1 a'])
  now = 60_000
  note('e')
  now = 120_000
  note('f')
  expect(lines).toEqual(['1 a', '4 e', '1 f'])
})
