import { optionTypes } from '../model/command.ts'
import type { FormIssue } from '../model/errors.ts'
import { callbackTypes } from '../model/interaction.ts'

const mostChoices = 25
const longestText = 100

/** What Discord refuses of the choices for an option of this type, each with its place; empty for every other callback. */
export function choiceIssues(body: unknown, optionType: number): FormIssue[] {
  if (read(body, 'type') !== callbackTypes.autocomplete) return []
  const place = ['data', 'choices']
  const choices = read(read(body, 'data'), 'choices')
  if (choices === undefined || choices === null) return []
  if (!Array.isArray(choices)) return [{ path: place, code: 'LIST_TYPE_CONVERT', message: 'Only iterables may be used in a ListType' }]
  if (choices.length > mostChoices) {
    return [{ path: place, code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${mostChoices} or fewer in length.` }]
  }
  return choices.flatMap((choice: unknown, index) => {
    if (typeof choice !== 'object' || choice === null) {
      return [{ path: [...place, index], code: 'DICT_TYPE_CONVERT', message: 'Only dictionaries may be used in a DictType' }]
    }
    const issues = [...nameIssues(read(choice, 'name')), ...valueIssues(read(choice, 'value'), optionType)]
    return issues.map((issue) => ({ ...issue, path: [...place, index, ...issue.path] }))
  })
}

function nameIssues(name: unknown): FormIssue[] {
  const path = ['name']
  if (name === undefined || name === null) return [required(path)]
  if (typeof name !== 'string') return [{ path, code: 'STRING_TYPE_CONVERT', message: 'Could not interpret the value as string.' }]
  return name.trim() === '' || name.length > longestText ? [badLength(path)] : []
}

function valueIssues(value: unknown, optionType: number): FormIssue[] {
  const path = ['value']
  if (value === undefined || value === null) return [required(path)]
  if (optionType === optionTypes.string) {
    if (typeof value !== 'string') return [{ path, code: 'STRING_TYPE_CONVERT', message: 'Could not interpret the value as string.' }]
    return value === '' || value.length > longestText ? [badLength(path)] : []
  }
  const fits = optionType === optionTypes.integer ? Number.isSafeInteger(value) : typeof value === 'number'
  return fits ? [] : [{ path, code: 'NUMBER_TYPE_COERCE', message: 'Value is not a number of the option’s kind.' }]
}

function required(path: string[]): FormIssue {
  return { path, code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }
}

function badLength(path: string[]): FormIssue {
  return { path, code: 'BASE_TYPE_BAD_LENGTH', message: `Must be between 1 and ${longestText} in length.` }
}

function read(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}
