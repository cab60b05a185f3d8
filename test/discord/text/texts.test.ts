import { describe, expect, test } from 'vitest'

import { english } from '../../../src/discord/text/english.ts'
import { createText, type TextKey, textIn } from '../../../src/discord/text/text.ts'

import { writeVariants } from './every-text.ts'
import { pageOfTexts } from './page.ts'

const text = textIn('en-US')
const messages = Object.entries(english) as [TextKey, string][]

describe.each(messages)('%s', (key, message) => {
  const variants = writeVariants(text, key, message)

  test('is at most two sentences without holes', () => {
    for (const variant of variants) {
      expect(variant).not.toMatch(/undefined|NaN|null|[{}]| {2}/)
      expect(variant.match(/[.!?](?=\s|$)/g)?.length ?? 0).toBeLessThanOrEqual(2)
    }
  })

  test('says it in public words', () => {
    for (const variant of variants) expect(variant).not.toMatch(/\b(sorry|please|hosts?|picture|whoever|operator|in line)\b/i)
  })
})

test('a plural form follows its number', () => {
  expect([0, 1, 1200].map((ahead) => text('card.queue-position', { ahead }))).toEqual([
    'Next in the queue.',
    '1 ahead of yours.',
    '1,200 ahead of yours.',
  ])
})

test('money comes in micro-dollars and sizes in bytes; a size above its limit never reads like the limit', () => {
  expect(text('card.price', { provider: 'fal.ai', price: 350_000 })).toBe('fal.ai · $0.35')
  expect(text('card.price', { provider: 'fal.ai', price: 4200 })).toBe('fal.ai · $0.0042')
  expect(text('refusal.image-too-large', { image: 'last', sizeBytes: 10_000_001, limitBytes: 10_000_000 })).toContain(
    '10.1 MB; the limit is 10 MB',
  )
})

test('a value is never read as part of the message', () => {
  expect(text('clip.alternative-text', { prompt: "{ahead} <b>'{' #" })).toBe("AI-generated clip: {ahead} <b>'{' #")
})

test('the compiler knows every value', () => {
  const wrong = [
    // @ts-expect-error -- no such text
    () => text('card.unknown'),
    // @ts-expect-error -- needs a value
    () => text('card.queue-position'),
    // @ts-expect-error -- needs a number
    () => text('card.queue-position', { ahead: '3' }),
    // @ts-expect-error -- needs both
    () => text('card.price', { price: 1 }),
    // @ts-expect-error -- takes no value
    () => text('card.queued', { ahead: 3 }),
    // @ts-expect-error -- takes no such value
    () => text('card.submitting', { provider: 'fal.ai', ahead: 3 }),
  ]
  expect(wrong).toHaveLength(6)
})

test('a locale without a language of its own reads English, lists included', () => {
  expect(textIn('xx')('card.queued')).toBe('Queued')
  expect(textIn('de').or(['a', 'b', 'c'])).toBe('a, b, or c')
})

test('a second language brings its own plural forms and lists', () => {
  const polish = createText('pl', {
    ...english,
    'card.jobs-ahead': '{ahead, plural, one {# klip} few {# klipy} many {# klipów} other {# klipu}}',
  })
  expect([1, 3, 5].map((ahead) => polish('card.jobs-ahead', { ahead, provider: '' }))).toEqual(['1 klip', '3 klipy', '5 klipów'])
  expect(polish.and(['a', 'b', 'c'])).toBe('a, b i c')
})

test('docs/texts.md shows every text', async () => {
  await expect(pageOfTexts(text, messages)).toMatchFileSnapshot('../../../docs/texts.md')
})
