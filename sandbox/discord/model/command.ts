/** A command as the bot registers it; only fields that the local Discord reads are listed. */
export interface CommandForm {
  name: string
  type?: number | null
  description?: string | null
  options?: CommandOption[] | null
  default_member_permissions?: string | number | null
  contexts?: number[] | null
  integration_types?: number[] | null
  nsfw?: boolean | null
  name_localizations?: Record<string, string> | null
  description_localizations?: Record<string, string> | null
}

export interface CommandOption {
  type: number
  name: string
  description: string
  required?: boolean | null
  choices?: { name: string; value: string | number; name_localizations?: Record<string, string> | null }[] | null
  min_value?: number | null
  max_value?: number | null
  min_length?: number | null
  max_length?: number | null
  file_types?: string[] | null
  autocomplete?: boolean | null
  options?: CommandOption[] | null
  name_localizations?: Record<string, string> | null
  description_localizations?: Record<string, string> | null
}

export const optionTypes = {
  subcommand: 1,
  group: 2,
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  number: 10,
  attachment: 11,
} as const

export interface RegisteredCommand extends CommandForm {
  id: string
  version: string
  guildId: string | undefined
}
