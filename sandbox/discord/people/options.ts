import { type CommandOption, optionTypes } from '../model/command.ts'
import { matchesFileTypes } from '../model/files.ts'
import { ClientRefusal } from './client-refusal.ts'

/** A file that a member picks in the client. `claims` overrides Discord's description of it. */
export interface PickedFile {
  name: string
  bytes: Uint8Array
  claims?: { size?: number; content_type?: string; width?: number; height?: number }
}

export type OptionValue = string | number | boolean | PickedFile

export type OptionValues = Readonly<Record<string, OptionValue | undefined>>

export interface SentOption {
  name: string
  type: number
  value?: string | number | boolean
  /** Set on the option that is being typed. */
  focused?: true
  options?: SentOption[]
}

export function isPickedFile(value: OptionValue | undefined): value is PickedFile {
  return typeof value === 'object'
}

/** The options of a subcommand (`path` names it, below its group), and a function that nests the sent options below it. */
export function enterSubcommand(
  definitions: readonly CommandOption[],
  path: readonly string[],
): { definitions: readonly CommandOption[]; nest: (sent: SentOption[]) => SentOption[] } {
  const isBranch = ({ type }: CommandOption) => type === optionTypes.subcommand || type === optionTypes.group
  const [name, ...rest] = path
  if (name === undefined) {
    if (definitions.some(isBranch)) throw new ClientRefusal('a subcommand has to be chosen')
    return { definitions, nest: (sent) => sent }
  }
  const branch = definitions.find((definition) => definition.name === name && isBranch(definition))
  if (!branch) throw new ClientRefusal(`there is no subcommand "${name}"`)
  const inner = enterSubcommand(branch.options ?? [], rest)
  return { ...inner, nest: (sent) => [{ name, type: branch.type, options: inner.nest(sent) }] }
}

export function refuseUnknownOptions(definitions: readonly CommandOption[], names: readonly string[]): void {
  const unknown = names.find((name) => !definitions.some((definition) => definition.name === name))
  if (unknown !== undefined) throw new ClientRefusal('the command has no such option', unknown)
}

/**
 * Checks the values as a Discord client does before it sends a command, and lays them out as the interaction carries them. `path` names a
 * subcommand; `upload` stores a file and returns its attachment id.
 */
export function layOutOptions(
  options: readonly CommandOption[],
  path: readonly string[],
  values: OptionValues,
  upload: (file: PickedFile) => string,
): SentOption[] {
  const { definitions, nest } = enterSubcommand(options, path)
  refuseUnknownOptions(definitions, Object.keys(values))
  const sent = definitions.flatMap((definition) => {
    const value = values[definition.name]
    if (value === undefined) {
      if (definition.required) throw new ClientRefusal('this option is required', definition.name)
      return []
    }
    const checked = checkOption(definition, value)
    return [{ name: definition.name, type: definition.type, value: isPickedFile(checked) ? upload(checked) : checked }]
  })
  return nest(sent)
}

/** Returns the value; throws `ClientRefusal` if a client would not send it for this option. */
export function checkOption(definition: CommandOption, value: OptionValue): OptionValue {
  return isPickedFile(value) ? checkFile(definition, value) : checkValue(definition, value)
}

function checkFile(definition: CommandOption, file: PickedFile): PickedFile {
  if (definition.type !== optionTypes.attachment) throw new ClientRefusal('this option takes no file', definition.name)
  if (definition.file_types?.length && !matchesFileTypes(file.name, definition.file_types)) {
    throw new ClientRefusal(`only ${definition.file_types.join(', ')} can be chosen`, definition.name)
  }
  return file
}

function checkValue(definition: CommandOption, value: string | number | boolean): string | number | boolean {
  const refuse = (reason: string) => new ClientRefusal(reason, definition.name)
  const choices = (definition.choices ?? []).map((choice) => choice.value)
  if (choices.length > 0 && !choices.some((choice) => choice === value)) throw refuse(`must be one of ${choices.join(', ')}`)
  const { min_length: minLength, max_length: maxLength, min_value: minValue, max_value: maxValue } = definition
  switch (definition.type) {
    case optionTypes.string:
      if (typeof value !== 'string') throw refuse('takes a text')
      if (value.length < Math.max(1, minLength ?? 1)) throw refuse(`must have at least ${minLength ?? 1} characters`)
      if (value.length > (maxLength ?? 6000)) throw refuse(`must have at most ${maxLength ?? 6000} characters`)
      return value
    case optionTypes.integer:
    case optionTypes.number:
      if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse('takes a number')
      if (definition.type === optionTypes.integer && !Number.isSafeInteger(value)) throw refuse('takes a whole number')
      if (value < (minValue ?? -Infinity)) throw refuse(`must be at least ${minValue ?? ''}`)
      if (value > (maxValue ?? Infinity)) throw refuse(`must be at most ${maxValue ?? ''}`)
      return value
    case optionTypes.boolean:
      if (typeof value !== 'boolean') throw refuse('takes yes or no')
      return value
    case optionTypes.attachment:
      throw refuse('takes a file')
    default:
      if (typeof value !== 'string') throw refuse('takes an id')
      return value
  }
}
