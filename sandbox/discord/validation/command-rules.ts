import { type CommandForm, type CommandOption, optionTypes } from '../model/command.ts'
import type { FormIssue } from '../model/errors.ts'

const typesWithAutocomplete: readonly number[] = [optionTypes.string, optionTypes.integer, optionTypes.number]
const slashCommand = 1
const maximumByType: Record<number, number> = { 1: 100, 2: 15, 3: 15 }
const maximumCharacters = 8000
const nameForm = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u
const fileTypeForm = /^(image|video|audio|\.[a-z0-9]+)$/i

/** What Discord refuses of a list of commands although its published schema lets it pass. */
export function commandRuleIssues(commands: readonly CommandForm[]): FormIssue[] {
  const seen = new Set<string>()
  const counts = new Map<number, number>()
  const issues = commands.flatMap((command, index): FormIssue[] => {
    const type = command.type ?? slashCommand
    counts.set(type, (counts.get(type) ?? 0) + 1)
    const key = `${type} ${command.name}`
    const duplicate = seen.has(key)
    seen.add(key)
    const found = type === slashCommand ? slashIssues(command) : menuIssues(command)
    if (duplicate)
      found.push({ path: ['name'], code: 'APPLICATION_COMMANDS_DUPLICATE_NAME', message: 'Application command names must be unique' })
    return found.map((issue) => ({ ...issue, path: [index, ...issue.path] }))
  })
  for (const [type, count] of counts) {
    const maximum = maximumByType[type] ?? 1
    if (count > maximum) issues.push({ path: [], code: 'BASE_TYPE_BAD_LENGTH', message: `Must be ${maximum} or fewer in length.` })
  }
  return issues
}

function slashIssues(command: CommandForm): FormIssue[] {
  const issues = [...nameIssues(command.name), ...optionIssues(command.options ?? [])]
  if (!command.description) issues.push({ path: ['description'], code: 'BASE_TYPE_REQUIRED', message: 'This field is required' })
  if (charactersOf(command) > maximumCharacters) {
    issues.push({ path: [], code: 'APPLICATION_COMMAND_TOO_LARGE', message: `Command exceeds maximum size (${maximumCharacters})` })
  }
  return issues
}

function menuIssues(command: CommandForm): FormIssue[] {
  const issues: FormIssue[] = []
  if (command.description)
    issues.push({
      path: ['description'],
      code: 'APPLICATION_COMMAND_DESCRIPTION',
      message: 'Context menu commands cannot have description',
    })
  if (command.options?.length)
    issues.push({ path: ['options'], code: 'APPLICATION_COMMAND_OPTIONS', message: 'Context menu commands cannot have options' })
  return issues
}

function nameIssues(name: string): FormIssue[] {
  if (nameForm.test(name) && name === name.toLowerCase()) return []
  return [{ path: ['name'], code: 'APPLICATION_COMMAND_INVALID_NAME', message: 'Command name is invalid' }]
}

function optionIssues(options: readonly CommandOption[]): FormIssue[] {
  const seen = new Set<string>()
  let optionalSeen = false
  return options.flatMap((option, index) => {
    const issues = [...nameIssues(option.name), ...rangeIssues(option), ...optionIssues(option.options ?? [])]
    if (seen.has(option.name))
      issues.push({ path: ['name'], code: 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS', message: 'Option name already exists' })
    seen.add(option.name)
    if (option.required && optionalSeen) {
      issues.push({
        path: ['required'],
        code: 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
        message: 'Required options must be placed before non-required options',
      })
    }
    optionalSeen ||= !option.required
    return issues.map((issue) => ({ ...issue, path: ['options', index, ...issue.path] }))
  })
}

function rangeIssues(option: CommandOption): FormIssue[] {
  const issues: FormIssue[] = []
  if ((option.min_value ?? -Infinity) > (option.max_value ?? Infinity)) {
    issues.push({ path: ['min_value'], code: 'APPLICATION_COMMAND_OPTIONS_RANGE', message: 'min_value is greater than max_value' })
  }
  if ((option.min_length ?? 0) > (option.max_length ?? Infinity)) {
    issues.push({ path: ['min_length'], code: 'APPLICATION_COMMAND_OPTIONS_RANGE', message: 'min_length is greater than max_length' })
  }
  if (option.autocomplete && !typesWithAutocomplete.includes(option.type)) {
    issues.push({
      path: ['autocomplete'],
      code: 'APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_TYPE',
      message: 'Autocomplete is for texts and numbers only',
    })
  }
  if (option.choices?.length && option.autocomplete) {
    issues.push({
      path: ['choices'],
      code: 'APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES',
      message: 'Choices cannot be used together with autocomplete',
    })
  }
  option.file_types?.forEach((type, index) => {
    if (!fileTypeForm.test(type))
      issues.push({
        path: ['file_types', index],
        code: 'BASE_TYPE_CHOICES',
        message: 'Must be image, video, audio or an extension with its dot',
      })
  })
  return issues
}

/** Names, descriptions and values, each in its longest language, of the command and everything in it. */
function charactersOf(
  part: Pick<CommandForm, 'name' | 'description' | 'name_localizations' | 'description_localizations'> & {
    options?: CommandOption[] | null
    choices?: CommandOption['choices']
  },
): number {
  const longest = (text: string, others: Record<string, string> | null | undefined) =>
    Math.max(text.length, ...Object.values(others ?? {}).map(({ length }) => length))
  const choices = (part.choices ?? []).reduce((sum, choice) => sum + choice.name.length + String(choice.value).length, 0)
  const options = (part.options ?? []).reduce((sum, option) => sum + charactersOf(option), 0)
  return longest(part.name, part.name_localizations) + longest(part.description ?? '', part.description_localizations) + choices + options
}
