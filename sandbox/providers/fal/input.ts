import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'
import type { Behavior } from '../simulation/behavior.ts'
import { klingFields, klingOrder, KlingTextInput } from '../stand-in/kling-input.ts'

const ImageInput = z.strictObject({ ...klingFields, image_url: z.string().min(1), tail_image_url: z.string().min(1).optional() })

/** One entry of `detail` in a 422. */
export interface FalProblem {
  loc: (string | number)[]
  msg: string
  type: string
  input?: unknown
  url?: string
  ctx?: unknown
}

/** Parses the flat body of a submission, or describes its problems as fal does; undefined for an unknown operation. */
export function readFalInput(
  operation: string | undefined,
  body: unknown,
  unknownFields: Behavior['unknownFields'],
): { order: JobOrder } | { problems: FalProblem[] } | undefined {
  if (operation !== 'text-to-video' && operation !== 'image-to-video') return undefined
  const strict = operation === 'text-to-video' ? KlingTextInput : ImageInput
  const parsed = (unknownFields === 'dropped' ? strict.strip() : strict).safeParse(body)
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, body)) }
  return { order: klingOrder(parsed.data) }
}

function problemsOf(issue: z.core.$ZodIssue, body: unknown): FalProblem[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      type: 'extra_forbidden',
      loc: ['body', ...path, key],
      msg: 'Extra inputs are not permitted',
      input: valueAt(body, [...path, key]),
    }))
  }
  const input = valueAt(body, path)
  return [{ ...describe(issue, input), loc: ['body', ...path], input: input === undefined ? body : input }]
}

function describe(issue: z.core.$ZodIssue, input: unknown): { type: string; msg: string } {
  if (input === undefined) return { type: 'missing', msg: 'Field required' }
  switch (issue.code) {
    case 'invalid_value': {
      const values = issue.values.map((value) => `'${String(value)}'`).join(' or ')
      return { type: 'literal_error', msg: `Input should be ${values}` }
    }
    case 'invalid_type':
      return { type: `${issue.expected}_type`, msg: `Input should be a valid ${issue.expected}` }
    case 'too_big':
      return issue.origin === 'string'
        ? { type: 'string_too_long', msg: `String should have at most ${issue.maximum} characters` }
        : { type: 'less_than_equal', msg: `Input should be less than or equal to ${issue.maximum}` }
    case 'too_small':
      return issue.origin === 'string'
        ? { type: 'string_too_short', msg: `String should have at least ${issue.minimum} character` }
        : { type: 'greater_than_equal', msg: `Input should be greater than or equal to ${issue.minimum}` }
    default:
      return { type: 'value_error', msg: 'Value error' }
  }
}

function valueAt(body: unknown, path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined),
    body,
  )
}
