import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

import type { z } from 'zod'

/** What the operator typed cannot be understood. Its message says what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Reads a program's arguments; the first problem becomes a `UsageError`: one sentence that ends with how the program is used. */
export function readArguments<Arguments>(
  words: readonly string[],
  { options, shape, usage }: { options: ParseArgsOptionsConfig; shape: z.ZodType<Arguments>; usage: string },
): Arguments {
  const parsed = shape.safeParse(split(words, options, usage))
  if (parsed.success) return parsed.data
  throw new UsageError(`${parsed.error.issues[0]?.message}: ${usage}.`)
}

function split(words: readonly string[], options: ParseArgsOptionsConfig, usage: string): unknown {
  try {
    // A leading space keeps `-0.35` from being read as a list of options.
    const args = words.map((word) => (/^-[\d.$]/.test(word) ? ` ${word}` : word))
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    return { ...values, positionals }
  } catch (error) {
    // Node's second sentence is about shells.
    const [problem] = (error instanceof Error ? error.message : String(error)).split('. ')
    throw new UsageError(`${problem}: ${usage}.`)
  }
}
