import { globSync, readFileSync } from 'node:fs'

import ts from 'typescript'
import { expect, test } from 'vitest'

import { readCommands } from '../../../commands/index.ts'
import { english } from '../../../src/discord/text/english.ts'
import { textIn, type TextKey } from '../../../src/discord/text/text.ts'

import { writeVariants } from './every-text.ts'

/** Whatever sends something to members. What Discord calls its permissions, and the operator's list of differences, is not for the catalogue. */
const files = globSync(['commands/**/*.ts', 'src/clip-service.ts', 'src/discord/{cards,delivery,interactions}/*.ts']).filter(
  (file) => !/(permissions|registration)\.ts$/.test(file),
)

test.each(files)('%s holds no sentence of its own', (file) => {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  expect(sentencesIn(source)).toEqual([])
})

test('a sentence would be found', () => {
  const source = ts.createSourceFile(
    'x.ts',
    'reply(`Hello ${name}, it is ready`); log.warn("it is late"); throw new Error("it is broken")',
    ts.ScriptTarget.Latest,
    true,
  )
  expect(sentencesIn(source)).toEqual([', it is ready'])
})

test('every description of a command comes from the catalogue', async () => {
  const text = textIn('en-US')
  const known = new Set(Object.entries(english).flatMap(([key, message]) => writeVariants(text, key as TextKey, message)))
  const { commands } = await readCommands()
  for (const { data } of commands) {
    const { description, options = [] } = data.toJSON()
    for (const words of [description, ...options.map((option) => option.description)]) expect([...known]).toContain(words)
  }
})

/** Text of two words or more that is neither logged, nor thrown, nor a type. */
function sentencesIn(node: ts.Node): string[] {
  if (ts.isTypeNode(node) || ts.isThrowStatement(node) || isLogCall(node) || isError(node)) return []
  const words =
    ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node) ? [node.text].filter((text) => /[a-z]{2,} [a-z]{2,}/i.test(text)) : []
  const nested: string[] = []
  ts.forEachChild(node, (child) => void nested.push(...sentencesIn(child)))
  return [...words, ...nested]
}

function isLogCall(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^log\.|\.log\./.test(node.expression.getText())
}

function isError(node: ts.Node): boolean {
  return ts.isNewExpression(node) && /Error|LeaseLost$/.test(node.expression.getText())
}
