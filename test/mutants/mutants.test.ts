import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { applyMutant } from './apply.ts'
import { crashMutants } from './crash-mutants.ts'
import { deliveryMutants } from './delivery-mutants.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { moneyMutants } from './money-mutants.ts'
import { providerMutants } from './provider-mutants.ts'
import { queueMutants } from './queue-mutants.ts'
import { storeMutants } from './store-mutants.ts'

describe.each([...mutants, ...moneyMutants, ...crashMutants, ...deliveryMutants, ...providerMutants, ...queueMutants, ...storeMutants])(
  'the mutant “$name”',
  (mutant) => {
    it('changes exactly one node of its file', () => {
      const source = readFileSync(mutant.file, 'utf8')
      expect(applyMutant(mutant, source)).not.toBe(source)
    })

    it('names a test that exists', () => {
      // Some tests get their titles from a table in a file beside them.
      const folder = dirname(mutant.test)
      const files = readdirSync(folder).filter(
        (name) => name.endsWith('.ts') && (name === basename(mutant.test) || !name.includes('.test.')),
      )
      expect(files).toContain(basename(mutant.test))
      expect(files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')).toContain(mutant.title ?? '')
    })
  },
)

describe('a mutant', () => {
  const source = 'function pay(sum) {\n  if (sum > 1) refuse(sum)\n  list.where(1).where(2)\n  return [sum, 2]\n}\n'
  const mutant = (change: Pick<Mutant, 'at' | 'with'>) => ({ name: 'a mutant', file: 'pay.ts', in: 'pay', test: '', ...change })

  it.each([
    ['replaces a node', { at: 'BinaryExpression', with: 'false' }, 'if (false)'],
    ['keeps a part of a node', { at: 'CallExpression[arguments.0.value=2]', with: '{{callee.object}}' }, 'list.where(1)\n'],
    ['removes a list entry with its comma', { at: 'ArrayExpression > Identifier', with: '' }, '[ 2]'],
  ])('%s', (_, change, expected) => {
    expect(applyMutant(mutant(change), source)).toContain(expected)
  })

  it.each([
    ['matches nothing', { at: 'TryStatement', with: '' }, 'matches 0 nodes'],
    ['matches several nodes', { at: 'CallExpression', with: '' }, 'matches 3 nodes'],
    ['names a part that does not exist', { at: 'IfStatement', with: '{{body}}' }, 'names no part'],
  ])('that %s is reported', (_, change, message) => {
    expect(() => applyMutant(mutant(change), source)).toThrow(message)
  })
})
