import { describe, expect, test } from 'vitest'

import { describeRefusal } from '../../src/discord/cards/refusal-text.ts'
import type { RefusalIdentifier } from '../../src/domain/refusal.ts'
import { Refusal } from '../../src/domain/refusal.ts'

const day = Date.parse('2026-05-05T00:00:00Z')

/** Every refusal with its context, and what of it the member must read. */
const told: Record<RefusalIdentifier, { context?: Refusal['context']; says: string[] }> = {
  'guild-not-allowed': { says: ['Whoever runs the bot'] },
  'bot-not-in-guild': { says: ['add it'] },
  'missing-permissions': { context: { permissions: ['Send Messages', 'Attach Files'] }, says: ['**Send Messages** and **Attach Files**'] },
  'prompt-empty': { says: ['Describe'] },
  'prompt-too-long': { context: { characters: 2600, limit: 2500 }, says: ['2600', '2500'] },
  'negative-prompt-too-long': { context: { characters: 2600, limit: 2500 }, says: ['negative prompt', '2600'] },
  'image-missing': { says: ['PNG or JPEG'] },
  'image-unsupported': { context: { mediaType: 'image/webp' }, says: [String.raw`image\/webp`, 'PNG or JPEG'] },
  'image-too-large': { context: { sizeBytes: 10_000_001, maxBytes: 10_000_000 }, says: ['10.1 MB', 'most 10 MB'] },
  'image-too-small': { context: { width: 200, height: 800, minPixels: 300 }, says: ['200 × 800', '300'] },
  'image-aspect': { context: { width: 3000, height: 400, maxAspect: 2.5 }, says: ['3000 × 400', '2.5'] },
  'image-corrupt': { says: ['save it anew'] },
  'image-unreachable': { says: ['Attach it again'] },
  'budget-exhausted': {
    context: { wallet: 'guild', priceMicroUsd: 700_000, remainingMicroUsd: 350_000, resetsAt: day },
    says: ['This server’s', '$0.70', '$0.35', `<t:${day / 1000}:R>`],
  },
  'no-provider-can': { context: { feature: 'guidance', capable: ['fal.ai'] }, says: ['guidance', 'fal.ai could'] },
  'provider-unknown': { context: { choices: ['fal.ai', 'Replicate'] }, says: ['**fal.ai** or **Replicate**', '`provider`'] },
  'rate-limited': { context: { retryAt: day }, says: [`<t:${day / 1000}:R>`] },
  'not-your-generation': { says: ['Manage Messages'] },
  'generation-unknown': { says: ['/animate'] },
  'generation-over': { says: ['already finished'] },
  'store-unavailable': { says: ['charges nothing'] },
}

describe.each(Object.entries(told))('%s', (name, { context, says }) => {
  const identifier = name as RefusalIdentifier

  test('says what is wrong and what to do', () => {
    const sentence = describeRefusal(new Refusal(identifier, context))
    for (const part of says) expect(sentence).toContain(part)
  })

  test('is a whole sentence without any context', () => {
    const sentence = describeRefusal(new Refusal(identifier))
    expect(sentence).toMatch(/^[A-Z].*\.$/)
    expect(sentence).not.toMatch(/undefined|NaN|null|\$\{| {2}|\(\)/)
    expect(sentence.length).toBeLessThan(2000)
  })
})

test('tells a provider that cannot from one that nobody knows', () => {
  expect(describeRefusal(new Refusal('provider-unknown', { provider: 'Replicate', choices: ['fal.ai'] }))).toBe(
    '**Replicate** cannot make this clip here. Choose **fal.ai**, or leave `provider` out and try again.',
  )
})

test('names the wallet that is empty', () => {
  expect(describeRefusal(new Refusal('budget-exhausted', { wallet: 'installation' }))).toContain('The bot’s budget')
})

test('tells an image of too many pixels from one of too many bytes', () => {
  const refusal = new Refusal('image-too-large', { width: 20_000, height: 10_000, maxTotalPixels: 64_000_000 })
  expect(describeRefusal(refusal)).toBe(
    'The image (20000 × 10000 pixels) is too large; at most 64 million pixels can be used. Scale it down and try again.',
  )
})
