import { type CommandForm, type CommandOption, optionTypes } from '../model/command.ts'
import { below, type FormIssue, issue, missing, tooMany } from '../model/form-issues.ts'

const typesWithAutocomplete: readonly number[] = [optionTypes.string, optionTypes.integer, optionTypes.number]
const slashCommand = 1
const maximumByType: Record<number, number> = { 1: 100, 2: 15, 3: 15 }
const maximumCharacters = 8000
const nameForm = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u
const fileTypeForm = /^(image|video|audio|\.[a-z0-9]+)$/i

/** What Discord refuses of a list of commands although its published schema allows it. */
export function commandRuleIssues(commands: readonly CommandForm[]): FormIssue[] {
  const seen = new Set<string>()
  const issues = commands.flatMap((command, index) => {
    const type = command.type ?? slashCommand
    const found = type === slashCommand ? slashIssues(command) : menuIssues(command)
    const key = `${type} ${command.name}`
    if (seen.has(key)) found.push(issue(['name'], 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique'))
    seen.add(key)
    return below([index], found)
  })
  for (const [type, ofType] of Map.groupBy(commands, (command) => command.type ?? slashCommand)) {
    const maximum = maximumByType[type] ?? 1
    if (ofType.length > maximum) issues.push(tooMany([], maximum))
  }
  return issues
}

function slashIssues(command: CommandForm): FormIssue[] {
  const issues = [...nameIssues(command.name), ...optionsIssues(command.options ?? [])]
  if (!command.description) issues.push(missing(['description']))
  if (charactersOf(command) > maximumCharacters) {
    issues.push(issue([], 'APPLICATION_COMMAND_TOO_LARGE', `Command exceeds maximum size (${maximumCharacters})`))
  }
  return issues
}

function menuIssues({ description, options }: CommandForm): FormIssue[] {
  const issues: FormIssue[] = []
  if (description) {
    issues.push(issue(['description'], 'APPLICATION_COMMAND_DESCRIPTION', 'Context menu commands cannot have description'))
  }
  if (options?.length) issues.push(issue(['options'], 'APPLICATION_COMMAND_OPTIONS', 'Context menu commands cannot have options'))
  return issues
}

function nameIssues(name: string): FormIssue[] {
  if (nameForm.test(name) && name === name.toLowerCase()) return []
  return [issue(['name'], 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid')]
}

function optionsIssues(options: readonly CommandOption[]): FormIssue[] {
  const seen = new Set<string>()
  let optionalSeen = false
  return options.flatMap((option, index) => {
    const issues = [...nameIssues(option.name), ...optionIssues(option), ...optionsIssues(option.options ?? [])]
    if (seen.has(option.name)) {
      issues.push(issue(['name'], 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS', 'Option name already exists'))
    }
    seen.add(option.name)
    if (option.required && optionalSeen) {
      const reason = 'Required options must be placed before non-required options'
      issues.push(issue(['required'], 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', reason))
    }
    optionalSeen ||= !option.required
    return below(['options', index], issues)
  })
}

function optionIssues(option: CommandOption): FormIssue[] {
  const issues: FormIssue[] = []
  if ((option.min_value ?? -Infinity) > (option.max_value ?? Infinity)) {
    issues.push(issue(['min_value'], 'APPLICATION_COMMAND_OPTIONS_RANGE', 'min_value is greater than max_value'))
  }
  if ((option.min_length ?? 0) > (option.max_length ?? Infinity)) {
    issues.push(issue(['min_length'], 'APPLICATION_COMMAND_OPTIONS_RANGE', 'min_length is greater than max_length'))
  }
  if (option.autocomplete && !typesWithAutocomplete.includes(option.type)) {
    const reason = 'Autocomplete is for strings and numbers only'
    issues.push(issue(['autocomplete'], 'APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_TYPE', reason))
  }
  if (option.choices?.length && option.autocomplete) {
    const reason = 'Choices cannot be used together with autocomplete'
    issues.push(issue(['choices'], 'APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES', reason))
  }
  option.file_types?.forEach((type, index) => {
    if (fileTypeForm.test(type)) return
    issues.push(issue(['file_types', index], 'BASE_TYPE_CHOICES', 'Must be image, video, audio or an extension with its dot'))
  })
  return issues
}

/** The characters of names, descriptions and values, each in its longest language, of the command and everything in it. */
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
