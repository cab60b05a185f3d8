import type { SpecIssue } from 'discord-api-spec/zod'

import type { FormIssue } from '../model/errors.ts'

/** Rewrites a schema's issues in Discord's codes and sentences; `value` is what was checked. */
export function issuesOf(issues: readonly SpecIssue[], value: unknown): FormIssue[] {
  return issues.flatMap((issue) => rewrite(issue, valueAt(value, issue.path)))
}

function rewrite(issue: SpecIssue, value: unknown): FormIssue[] {
  if (issue.code === 'invalid_union') return unionIssues(issue, value)
  const [code, message] = sentenceFor(issue, value)
  return [{ path: [...issue.path], code, message }]
}

/** A union names one mistake a dozen times over; the branch that the value's own `type` chooses is the one that was meant. */
function unionIssues(issue: SpecIssue, value: unknown): FormIssue[] {
  const branches = issue.errors ?? []
  const meant = branches.filter((branch) => !branch.some(({ path }) => path.length === 1 && path[0] === 'type'))
  const typed = typeof value === 'object' && value !== null && 'type' in value
  const branch = typed ? meant[0] : meant.toSorted((one, other) => one.length - other.length)[0]
  if (branch && meant.length < Math.max(branches.length, 2)) {
    return issuesOf(branch, value).map((found) => ({ ...found, path: [...issue.path, ...found.path] }))
  }
  const types = branches.flatMap((issues) => issues.find(({ path }) => path[0] === 'type')?.values ?? [])
  if (types.length === 0)
    return [{ path: [...issue.path], code: 'UNION_TYPE_INVALID', message: 'Value has none of the forms that are allowed here.' }]
  return [
    {
      path: [...issue.path, ...(typed ? ['type'] : [])],
      code: 'UNION_TYPE_CHOICES',
      message: `Value of field "type" must be one of (${types.map(String).join(', ')}).`,
    },
  ]
}

function sentenceFor(issue: SpecIssue, value: unknown): [code: string, message: string] {
  if (value === undefined) return ['BASE_TYPE_REQUIRED', 'This field is required']
  switch (issue.code) {
    case 'too_big':
      if (issue.origin === 'number') return ['NUMBER_TYPE_MAX', `int value should be less than or equal to ${issue.maximum ?? ''}.`]
      return [
        issue.origin === 'array' ? 'BASE_TYPE_BAD_LENGTH' : 'BASE_TYPE_MAX_LENGTH',
        `Must be ${issue.maximum ?? ''} or fewer in length.`,
      ]
    case 'too_small':
      if (issue.origin === 'number') return ['NUMBER_TYPE_MIN', `int value should be greater than or equal to ${issue.minimum ?? ''}.`]
      return [
        issue.origin === 'array' ? 'BASE_TYPE_BAD_LENGTH' : 'BASE_TYPE_MIN_LENGTH',
        `Must be ${issue.minimum ?? ''} or more in length.`,
      ]
    case 'invalid_value':
      return ['BASE_TYPE_CHOICES', `Value must be one of {${(issue.values ?? []).map(String).join(', ')}}.`]
    case 'invalid_format':
      if (issue.format === 'url') return ['URL_TYPE_INVALID_URL', 'Not a well formed URL.']
      return ['NUMBER_TYPE_COERCE', 'Value is not of the form that is asked for (a snowflake, a date).']
    default:
      return ['BASE_TYPE_INVALID', `Value is not ${issue.expected ?? 'valid'}.`]
  }
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[step] : undefined),
    value,
  )
}
