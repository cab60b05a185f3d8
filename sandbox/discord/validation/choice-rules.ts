import { optionTypes } from '../model/command.ts'
import { below, type FormIssue, issue, missing } from '../model/form-issues.ts'
import { callbackTypes } from '../model/interaction.ts'

const maximumChoices = 25
const maximumLength = 100

/** What Discord refuses of autocomplete choices for an option of this type; empty for every other callback. */
export function choiceIssues(body: unknown, optionType: number): FormIssue[] {
  if (read(body, 'type') !== callbackTypes.autocomplete) return []
  const path = ['data', 'choices']
  const choices = read(read(body, 'data'), 'choices')
  if (choices === undefined || choices === null) return []
  if (!Array.isArray(choices)) return [issue(path, 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType')]
  if (choices.length > maximumChoices) return [issue(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${maximumChoices} or fewer in length.`)]
  const issues = choices.flatMap((choice: unknown, index) => {
    if (typeof choice !== 'object' || choice === null) {
      return [issue([...path, index], 'DICT_TYPE_CONVERT', 'Only dictionaries may be used in a DictType')]
    }
    const value = read(choice, 'value')
    const valueIssues = optionType === optionTypes.string ? textIssues('value', value) : numberIssues(value, optionType)
    return below([...path, index], [...textIssues('name', read(choice, 'name')), ...valueIssues])
  })
  return [...issues, ...below(['data'], repeatedChoiceIssues(choices))]
}

/** Two choices that a member, or the bot, could not tell apart. Paths begin at the option. Discord's own codes are not known. */
export function repeatedChoiceIssues(choices: readonly unknown[]): FormIssue[] {
  return (['name', 'value'] as const).flatMap((field) => {
    const seen = new Set<unknown>()
    return choices.flatMap((choice, index) => {
      const content = read(choice, field)
      const isRepeated = content !== undefined && seen.has(content)
      seen.add(content)
      const code = `APPLICATION_COMMAND_OPTIONS_CHOICE_${field.toUpperCase()}_ALREADY_EXISTS`
      return isRepeated ? [issue(['choices', index, field], code, `Option choice ${field} already exists`)] : []
    })
  })
}

function textIssues(field: string, text: unknown): FormIssue[] {
  if (text === undefined || text === null) return [missing([field])]
  if (typeof text !== 'string') return [issue([field], 'STRING_TYPE_CONVERT', 'Could not interpret the value as string.')]
  const isBlank = field === 'name' ? text.trim() === '' : text === ''
  if (!isBlank && text.length <= maximumLength) return []
  return [issue([field], 'BASE_TYPE_BAD_LENGTH', `Must be between 1 and ${maximumLength} in length.`)]
}

function numberIssues(value: unknown, optionType: number): FormIssue[] {
  if (value === undefined || value === null) return [missing(['value'])]
  const fits = optionType === optionTypes.integer ? Number.isSafeInteger(value) : typeof value === 'number'
  return fits ? [] : [issue(['value'], 'NUMBER_TYPE_COERCE', 'Value is not a number of the option’s type.')]
}

function read(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}
