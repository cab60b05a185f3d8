import type { SpecIssue, SpecSchema } from 'discord-api-spec/zod'

import { below, type FormIssue, issue as formIssue } from '../model/form-issues.ts'

export function check(schema: SpecSchema, value: unknown): FormIssue[] {
  const result = schema.safeParse(value)
  return result.success ? [] : issuesOf(result.error.issues, value)
}

/** Translates a schema's issues into Discord's codes and messages. */
function issuesOf(issues: readonly SpecIssue[], checked: unknown): FormIssue[] {
  return issues.flatMap((issue) => {
    const value = valueAt(checked, issue.path)
    return below(issue.path, issue.code === 'invalid_union' ? unionIssues(issue, value) : [formIssue([], ...describe(issue, value))])
  })
}

/** A union reports one mistake for every branch; only the branch that matches the value's `type` is meaningful. */
function unionIssues(issue: SpecIssue, value: unknown): FormIssue[] {
  const branches = issue.errors ?? []
  const meant = branches.filter((branch) => !branch.some(({ path }) => path.length === 1 && path[0] === 'type'))
  const typed = typeof value === 'object' && value !== null && 'type' in value
  const branch = typed ? meant[0] : meant.toSorted((one, other) => one.length - other.length)[0]
  if (branch && meant.length < Math.max(branches.length, 2)) return issuesOf(branch, value)
  const types = branches.flatMap((issues) => issues.find(({ path }) => path[0] === 'type')?.values ?? [])
  if (types.length === 0) return [formIssue([], 'UNION_TYPE_INVALID', 'Value has none of the forms that are allowed here.')]
  const reason = `Value of field "type" must be one of (${types.map(String).join(', ')}).`
  return [formIssue(typed ? ['type'] : [], 'UNION_TYPE_CHOICES', reason)]
}

function describe(issue: SpecIssue, value: unknown): [code: string, message: string] {
  const { code, origin, maximum = 0, minimum = 0, values = [], format, expected } = issue
  if (value === undefined) return ['BASE_TYPE_REQUIRED', 'This field is required']
  switch (code) {
    case 'too_big':
      if (origin === 'number') return ['NUMBER_TYPE_MAX', `int value should be less than or equal to ${maximum}.`]
      return [origin === 'array' ? 'BASE_TYPE_BAD_LENGTH' : 'BASE_TYPE_MAX_LENGTH', `Must be ${maximum} or fewer in length.`]
    case 'too_small':
      if (origin === 'number') return ['NUMBER_TYPE_MIN', `int value should be greater than or equal to ${minimum}.`]
      return [origin === 'array' ? 'BASE_TYPE_BAD_LENGTH' : 'BASE_TYPE_MIN_LENGTH', `Must be ${minimum} or more in length.`]
    case 'invalid_value':
      return ['BASE_TYPE_CHOICES', `Value must be one of {${values.map(String).join(', ')}}.`]
    case 'invalid_format':
      if (format === 'url') return ['URL_TYPE_INVALID_URL', 'Not a well formed URL.']
      return ['NUMBER_TYPE_COERCE', 'Value does not have the required form (a snowflake, a date).']
    default:
      return ['BASE_TYPE_INVALID', `Value is not ${expected ?? 'valid'}.`]
  }
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[step] : undefined),
    value,
  )
}
