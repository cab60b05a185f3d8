import type { CommandOption } from '../model/command.ts'
import { ClientRefusal } from './client-refusal.ts'
import {
  enterSubcommand,
  checkOption,
  isPickedFile,
  type OptionValue,
  type OptionValues,
  refuseUnknownOptions,
  type SentOption,
} from './options.ts'

/** The option with the cursor, and the text in it. */
export interface Focus {
  option: string
  typed: string
}

export interface PartialOptions {
  sent: SentOption[]
  focusedType: number
}

/**
 * Lays out a command that is still being typed as Discord sends it: required options may be missing, texts may still be too short, and invalid
 * values are left out. The value of the focused option is always a string, even for a number. `attachmentId` makes the id of a picked file, of
 * which Discord sends nothing more at this point.
 */
export function layOutPartialOptions(
  { options, path }: { options: readonly CommandOption[]; path: readonly string[] },
  values: OptionValues,
  { option, typed }: Focus,
  attachmentId: () => string,
): PartialOptions {
  const { definitions, nest } = enterSubcommand(options, path)
  refuseUnknownOptions(definitions, [...Object.keys(values), option])
  const focused = definitions.find(({ name }) => name === option)
  if (!focused?.autocomplete) throw new ClientRefusal('this option is not completed by the bot', option)
  const sent = definitions.flatMap((definition): SentOption[] => {
    const { name, type } = definition
    if (definition === focused) return [{ name, type, value: typed, focused: true }]
    const value = values[name]
    if (value === undefined || !mayBeSent(definition, value)) return []
    return [{ name, type, value: isPickedFile(value) ? attachmentId() : value }]
  })
  return { sent: nest(sent), focusedType: focused.type }
}

function mayBeSent(definition: CommandOption, value: OptionValue): boolean {
  try {
    // A text that is too short is merely unfinished.
    checkOption({ ...definition, min_length: 1 }, value)
    return true
  } catch (error) {
    if (error instanceof ClientRefusal) return false
    throw error
  }
}
