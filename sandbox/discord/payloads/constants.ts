import type { Locale } from 'discord-api-types/v10'

/** No flag set. A plain number, because the flag enums have no member for nothing. */
export const noFlags: number = 0

export const english = 'en-US' as Locale
