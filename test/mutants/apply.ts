import { Linter, type Rule } from 'eslint'
import { parser } from 'typescript-eslint'
import { z } from 'zod'

import type { Mutant } from './mutant.ts'

/** The source with the mutant in it. Throws unless the mutant's selector matches exactly one node. */
export function applyMutant(mutant: Mutant, source: string): string {
  const nodes = select(selectorOf(mutant), source)
  const [node] = nodes
  if (!node || nodes.length > 1) throw new Error(`"${mutant.name}" is out of date: it matches ${nodes.length} nodes in ${mutant.file}`)
  const replacement = mutant.with.replaceAll(/\{\{([\w.]+)\}\}/g, (_, path: string) => {
    const [start, end] = rangeOf(path === 'node' ? node : childOf(node, path))
    return source.slice(start, end)
  })
  const [start, end] = rangeOf(node)
  const rest = source.slice(end)
  return source.slice(0, start) + replacement + (replacement === '' ? rest.replace(/^\s*,/, '') : rest)
}

function selectorOf({ in: symbols, at }: Mutant): string {
  const within = symbols.split('.').map((symbol) => {
    const declarations = ['FunctionDeclaration[id', 'ClassDeclaration[id', 'VariableDeclarator[id', 'MethodDefinition[key', 'Property[key']
    return `:matches(${declarations.map((declaration) => `${declaration}.name="${symbol}"]`).join(', ')})`
  })
  return [...within, at].join(' ')
}

function select(selector: string, source: string): Rule.Node[] {
  const nodes: Rule.Node[] = []
  const rules = { select: { create: () => ({ [selector]: (node: Rule.Node) => nodes.push(node) }) } }
  const messages = new Linter().verify(
    source,
    [{ files: ['**/*.ts'], languageOptions: { parser }, plugins: { mutants: { rules } }, rules: { 'mutants/select': 'error' } }],
    { filename: 'source.ts', allowInlineConfig: false },
  )
  if (messages.length > 0) throw new Error(messages.map(({ message }) => message).join('\n'))
  return nodes
}

function childOf(node: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((parent, key) => new Map(Object.entries(parent ?? {})).get(key), node)
}

function rangeOf(node: unknown): [number, number] {
  const { success, data } = Node.safeParse(node)
  if (!success) throw new Error('a placeholder names no part of the selected node')
  return data.range
}

const Node = z.object({ range: z.tuple([z.number(), z.number()]) })
