import { below, type FormIssue, issue } from '../model/form-issues.ts'
import { localeIssues } from './spec.ts'

const nameForm = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u

interface Localized {
  name_localizations?: Record<string, string> | null
  description_localizations?: Record<string, string> | null
}

/** Whether a slash command or an option may have this name in any language. */
export function isCommandName(name: string): boolean {
  return nameForm.test(name) && name === name.toLowerCase()
}

export function invalidName(path: readonly string[]): FormIssue {
  return issue(path, 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid')
}

/** Only known locales can be keys. */
export function localeKeyIssues(part: Localized): FormIssue[] {
  return (['name_localizations', 'description_localizations'] as const).flatMap((field) =>
    Object.keys(part[field] ?? {}).flatMap((locale) => below([field, locale], localeIssues(locale))),
  )
}

/** The locales in which a name breaks the form of names. */
export function localesOfInvalidNames({ name_localizations: names }: Localized): string[] {
  return Object.entries(names ?? {}).flatMap(([locale, name]) => (isCommandName(name) ? [] : [locale]))
}
