import type { GetICUArgs } from '@schummar/icu-type-parser'
import { IntlMessageFormat } from 'intl-messageformat'

import { english } from './english.ts'

export type TextKey = keyof typeof english

/** The same keys in another language. Its messages take the same values as the English ones. */
export type Catalogue = Readonly<Record<TextKey, string>>

/** Texts in one language. A wrong key, or a missing or superfluous value, is a type error. */
export interface Text {
  <Key extends TextKey>(key: Key, ...values: ValuesOf<Key>): string
  /** `a`, `a and b`, `a, b, and c`. */
  readonly and: (items: readonly string[]) => string
  /** `a`, `a or b`, `a, b, or c`. */
  readonly or: (items: readonly string[]) => string
}

type ValuesOf<Key extends TextKey> = keyof Values<Key> extends never ? [] : [values: Values<Key>]

/** What the message needs, as the compiler reads it; of several keys, what they need together. */
export type Values<Key extends TextKey> = Together<Key extends TextKey ? ValuesIn<(typeof english)[Key]> : never>
type ValuesIn<Message extends string> = Merged<
  GetICUArgs<Message, { ICUArgument: string; ICUNumberArgument: number; ICUDateArgument: never }>
>
/** A message with variants has a type for each of them: they all take the same values. */
type Merged<Variants> = {
  [Name in Variants extends unknown ? keyof Variants : never]: Variants extends Record<Name, infer Value> ? Value : never
}
type Together<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never

/** How a message writes a number that it names so, for instance `{price, number, usd}`. */
const number = {
  // of micro-dollars
  usd: { scale: 1e-6, style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol', maximumFractionDigits: 6 },
  // of bytes, rounded up: a size above a limit never reads like the limit
  megabytes: { scale: 1e-6, style: 'unit', unit: 'megabyte', maximumFractionDigits: 1, roundingMode: 'ceil' },
  million: { scale: 1e-6, maximumFractionDigits: 0 },
  seconds: { style: 'unit', unit: 'second', unitDisplay: 'narrow', maximumFractionDigits: 1 },
  percent: { style: 'percent', maximumFractionDigits: 0 }, // of 1
} as const

/** Discord shows the names and descriptions of commands in this language where they have no other. */
export const commandText = createText('en-US', english)

/** One entry a language, by Discord's name of the locale. Members of all other locales read English. */
const languages: ReadonlyMap<string, Text> = new Map([['en-US', commandText]])

/** The texts for a member with this locale. */
export function textIn(locale: string): Text {
  return languages.get(locale) ?? commandText
}

export function createText(locale: string, catalogue: Catalogue): Text {
  const messages = new Map<TextKey, IntlMessageFormat>()
  // Parsed when it is first written, because most of them are rarely needed.
  const messageOf = (key: TextKey) => {
    const known = messages.get(key)
    if (known) return known
    const message = new IntlMessageFormat(catalogue[key], locale, { number }, { ignoreTag: true })
    messages.set(key, message)
    return message
  }

  function write<Key extends TextKey>(key: Key, ...values: ValuesOf<Key>): string
  function write(key: TextKey, values?: Record<string, string | number>): string {
    return String(messageOf(key).format(values))
  }
  return Object.assign(write, {
    and: (items: readonly string[]) => new Intl.ListFormat(locale, { type: 'conjunction' }).format(items),
    or: (items: readonly string[]) => new Intl.ListFormat(locale, { type: 'disjunction' }).format(items),
  })
}
