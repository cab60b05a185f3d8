import { IntlMessageFormat } from 'intl-messageformat'

import type { Text, TextKey, Values } from '../../../src/discord/text/text.ts'

/** Every value of every message, by its name. */
type AllValues = Values<TextKey>

const samples: AllValues = {
  ahead: 3,
  bar: '▰▰▰▰▱▱▱▱▱▱',
  bot: '@Rushes',
  characters: 2600,
  choices: 'fal.ai or Runware',
  count: 2,
  elapsed: '0:41',
  features: 'guidance and last images',
  height: 400,
  image: 'only',
  limit: 6,
  limitBytes: 10_000_000,
  limitPixels: 300,
  limitRatio: 2.5,
  member: '@Mia',
  minutes: 4,
  permissions: 'Send Messages and Attach Files',
  price: 700_000,
  progress: 0.42,
  prompt: 'a paper boat in the rain',
  provider: 'fal.ai',
  reference: 'c0ffee42',
  remaining: 350_000,
  seconds: 5,
  sizeBytes: 60_000_000,
  until: '5 May 2026 14:00',
  url: 'https://discord.com/channels/1/2/3',
  when: 'in 5 hours',
  width: 3000,
}

/** Where an amount is one. */
const singular = { features: 'guidance', permissions: 'Send Messages' }

/** Where one name means another amount. */
const samplesFor: Partial<Record<TextKey, Partial<AllValues>>> = {
  'card.elapsed-and-ready': { when: 'in 49 seconds' },
  'card.requested': { when: '41 seconds ago' },
  'refusal.image-too-many-pixels': { limitPixels: 120_000_000 },
  'refusal.image-too-small': { width: 200 },
  'refusal.negative-prompt-too-long': { limit: 2500 },
  'refusal.prompt-too-long': { limit: 2500 },
  'refusal.rate-limited.guild': { when: 'in 49 seconds' },
  'refusal.rate-limited.member': { when: 'in 49 seconds' },
  'refusal.unsupported-by-provider': { provider: 'Replicate' },
  'refusal.unsupported-by-provider.choose': { provider: 'Replicate' },
}

/** The text as members read it, once for each of its plural forms and variants. */
export function writeVariants(text: Text, key: TextKey, message: string): string[] {
  const values = { ...samples, ...samplesFor[key] }
  const variants = variantsOf(message, values).map((variant) => text(key, { ...values, ...variant }))
  return [...new Set(variants)]
}

type Variant = Record<string, string | number>

/** One for each combination of plural forms and variants. */
function variantsOf(message: string, values: Variant): Variant[] {
  return elementsOf(message)
    .filter((element) => 'options' in element)
    .reduce<Variant[]>(
      (variants, branching) => {
        const choices = choicesOf(branching, values)
        return variants.flatMap((variant) => choices.map((choice) => ({ ...variant, ...choice })))
      },
      [{}],
    )
}

function choicesOf(branching: Extract<Element, { options: unknown }>, values: Variant): Variant[] {
  const { value, options } = branching
  if (!('pluralType' in branching)) return Object.keys(options).map((option) => ({ [value]: option }))
  return [...('=0' in options ? [{ [value]: 0 }] : []), { [value]: 1, ...singular }, { [value]: Math.max(2, Number(values[value])) }]
}

type Element = ReturnType<IntlMessageFormat['getAst']>[number]

function elementsOf(message: string): Element[] {
  return withNested(new IntlMessageFormat(message, 'en-US', undefined, { ignoreTag: true }).getAst())
}

function withNested(elements: Element[]): Element[] {
  return elements.flatMap((element) => [
    element,
    ...('options' in element ? Object.values(element.options).flatMap(({ value }) => withNested(value)) : []),
  ])
}
