import { type CommandForm, type CommandOption, optionTypes } from '../model/command.ts'
import { below, type FormIssue, issue, missing, tooMany } from '../model/form-issues.ts'
import { repeatedChoiceIssues } from './choice-rules.ts'
import { invalidName, isCommandName, localeKeyIssues, localesOfInvalidNames } from './localization-rules.ts'

const typesWithAutocomplete: readonly number[] = [optionTypes.string, optionTypes.integer, optionTypes.number]
const slashCommand = 1
const privateChannel = 2
const userInstall = 1
const maximumByType: Record<number, number> = { 1: 100, 2: 15, 3: 15 }
const maximumCharacters = 8000
const fileTypeForm = /^(image|video|audio|\.[a-z0-9]+)$/i

/** What Discord refuses of a list of commands although its published schema allows it. */
export function commandRuleIssues(commands: readonly CommandForm[]): FormIssue[] {
  const seen = new Set<string>()
  const issues = commands.flatMap((command, index) => {
    const type = command.type ?? slashCommand
    const found = [...(type === slashCommand ? slashIssues(command) : menuIssues(command)), ...placeIssues(command)]
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
  const issues = [...localeKeyIssues(command), ...optionsIssues(command.options ?? [])]
  if (!isCommandName(command.name)) issues.push(invalidName(['name']))
  // Discord names the locale for an option's name only (discord-api-docs issue 7712).
  if (localesOfInvalidNames(command).length > 0) issues.push(invalidName(['name_localizations']))
  if (!command.description) issues.push(missing(['description']))
  if (charactersOf(command) > maximumCharacters) {
    issues.push(issue([], 'APPLICATION_COMMAND_TOO_LARGE', `Command exceeds maximum size (${maximumCharacters})`))
  }
  return issues
}

function menuIssues(command: CommandForm): FormIssue[] {
  const { description, options } = command
  const issues = localeKeyIssues(command)
  if (description) {
    issues.push(issue(['description'], 'APPLICATION_COMMAND_DESCRIPTION', 'Context menu commands cannot have description'))
  }
  if (options?.length) issues.push(issue(['options'], 'APPLICATION_COMMAND_OPTIONS', 'Context menu commands cannot have options'))
  return issues
}

/** Direct messages between people are reached by an app that one of them installed for themselves. Discord's own code is not known. */
function placeIssues({ contexts, integration_types: installations }: CommandForm): FormIssue[] {
  const index = contexts?.indexOf(privateChannel) ?? -1
  if (index === -1 || installations?.includes(userInstall)) return []
  const reason = 'PRIVATE_CHANNEL requires USER_INSTALL in integration_types'
  return [issue(['contexts', index], 'APPLICATION_COMMAND_CONTEXT_INVALID', reason)]
}

function optionsIssues(options: readonly CommandOption[]): FormIssue[] {
  const seen = new Set<string>()
  let optionalSeen = false
  const issuesOfAll = options.flatMap((option, index) => {
    const issues = [...nameIssues(option), ...optionIssues(option), ...optionsIssues(option.options ?? [])]
    if (seen.has(option.name)) {
      issues.push(issue(['name'], 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS', 'Option name already exists'))
    }
    seen.add(option.name)
    if (option.required && optionalSeen) {
      const reason = 'Required options must be placed before non-required options'
      issues.push(issue([], 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', reason))
    }
    optionalSeen ||= !option.required
    return below(['options', index], issues)
  })
  const nested = options.filter(({ type }) => type === optionTypes.subcommand || type === optionTypes.group)
  if (nested.length > 0 && nested.length < options.length) {
    const reason = 'Sub-command and sub-command group option types are mutually exclusive to all other types'
    issuesOfAll.push(issue(['options'], 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', reason))
  }
  return issuesOfAll
}

function nameIssues(option: CommandOption): FormIssue[] {
  const issues = localesOfInvalidNames(option).map((locale) => invalidName(['name_localizations', locale]))
  return isCommandName(option.name) ? issues : [invalidName(['name']), ...issues]
}

function optionIssues(option: CommandOption): FormIssue[] {
  const issues = localeKeyIssues(option)
  option.choices?.forEach((choice, index) => issues.push(...below(['choices', index], localeKeyIssues(choice))))
  issues.push(...repeatedChoiceIssues(option.choices ?? []))
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
