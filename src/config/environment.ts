import type { z } from 'zod'

export type Environment = Readonly<Record<string, string | undefined>>

/** The value of a variable. An empty one, as in a copied `.env.example`, means "not set". */
export function readVariable(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined
}

/**
 * Reads the variables that a schema names. What is wrong is added to `problems` by name; a value is never repeated there, because it may be a secret.
 * @returns undefined where something is wrong. A required variable that is missing is for the caller to report, who knows what it is for.
 */
export function parseVariables<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment,
  problems: string[],
): z.output<Schema> | undefined {
  const values = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, readVariable(environment, name)]))
  const parsed = schema.safeParse(values)
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = path.join('.')
    if (values[name] !== undefined) problems.push(`${name} ${message}.`)
  }
  return parsed.data
}
