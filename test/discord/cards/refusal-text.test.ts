import { expect, test } from 'vitest'

import { describeRefusal } from '../../../src/discord/cards/refusal-text.ts'
import { textIn } from '../../../src/discord/text/text.ts'
import type { RefusalIdentifier } from '../../../src/domain/refusal.ts'
import { Refusal } from '../../../src/domain/refusal.ts'

const text = textIn('en-US')
const day = Date.parse('2026-05-05T00:00:00Z')
const budget = { wallet: 'guild', period: 'day', price: 700_000, remaining: 350_000, resetsAt: day } as const

/** One refusal of each kind, and what the member reads. */
const told: { [Identifier in RefusalIdentifier]: [Refusal<Identifier>, string] } = {
  'bot-not-in-guild': [
    new Refusal('bot-not-in-guild'),
    "The bot isn't a member of this server. Ask someone with the **Manage Server** permission to add it.",
  ],
  'budget-exhausted': [
    new Refusal('budget-exhausted', budget),
    `This server's daily budget has $0.35 left; this clip costs $0.70. It resets <t:${day / 1000}:R>.`,
  ],
  busy: [new Refusal('busy'), 'The bot is busy with other requests. Try again in a moment.'],
  'channel-inaccessible': [
    new Refusal('channel-inaccessible'),
    "The bot can't post in this channel. Ask a moderator to check its permissions, or use another channel.",
  ],
  'generation-over': [new Refusal('generation-over'), 'This clip is already finished. There is nothing left to cancel.'],
  'generation-unknown': [new Refusal('generation-unknown'), "The bot doesn't know this clip. Start a new one with `/animate` or `/film`."],
  'guild-not-allowed': [new Refusal('guild-not-allowed'), "This server can't make clips yet. Ask the bot owner to allow it."],
  'image-corrupt': [new Refusal('image-corrupt', { image: 'first' }), '`image` is damaged. Export it as PNG or JPEG and try again.'],
  'image-missing': [new Refusal('image-missing'), 'The image is missing. Attach a PNG or JPEG, or use `/film` without an image.'],
  'image-over-limit': [
    new Refusal('image-over-limit', { image: 'only', limitBytes: 10_000_000 }),
    'The image is larger than 10 MB. Shrink it or save it as JPEG.',
  ],
  'image-too-large': [
    new Refusal('image-too-large', { image: 'last', sizeBytes: 60_000_000, limitBytes: 10_000_000 }),
    '`last_image` is 60 MB; the limit is 10 MB. Shrink it or save it as JPEG.',
  ],
  'image-too-many-pixels': [
    new Refusal('image-too-many-pixels', { image: 'only', limitPixels: 120_000_000 }),
    'The image has more than 120 million pixels. Scale it down and try again.',
  ],
  'image-too-narrow': [
    new Refusal('image-too-narrow', { image: 'only', width: 3000, height: 400, limitRatio: 2.5 }),
    'The image is 3,000 × 400 pixels; the long side can be at most 2.5 times the short side. Crop it and try again.',
  ],
  'image-too-small': [
    new Refusal('image-too-small', { image: 'only', width: 200, height: 800, limitPixels: 300 }),
    'The image is 200 × 800 pixels; each side needs at least 300. Use a larger image.',
  ],
  'image-unreachable': [
    new Refusal('image-unreachable', { image: 'last' }),
    "The bot couldn't download `last_image` from Discord. Attach it again.",
  ],
  'image-unsupported': [new Refusal('image-unsupported', { image: 'only' }), "The image isn't a PNG or JPEG. Convert it and try again."],
  'missing-permissions': [
    new Refusal('missing-permissions', { permissions: ['Send Messages', 'Attach Files'] }),
    'The bot needs the **Send Messages** and **Attach Files** permissions in this channel. Ask a moderator, or use another channel.',
  ],
  'negative-prompt-too-long': [
    new Refusal('negative-prompt-too-long', { characters: 2600, limit: 2500 }),
    '`negative` has 2,600 characters; the limit is 2,500. Shorten it and try again.',
  ],
  'not-your-generation': [
    new Refusal('not-your-generation'),
    'Only the requester or someone with the **Manage Messages** permission can cancel this clip.',
  ],
  'prompt-empty': [new Refusal('prompt-empty'), 'The prompt is empty or a single character. Describe what happens in the clip.'],
  'prompt-too-long': [
    new Refusal('prompt-too-long', { characters: 2600, limit: 2500 }),
    'The prompt has 2,600 characters; the limit is 2,500. Shorten it and try again.',
  ],
  'provider-unknown': [
    new Refusal('provider-unknown', { typed: '**Hollywood** @everyone', choices: ['fal', 'runware'] }),
    String.raw`This bot doesn't use \*\*Hollywood\*\* \@everyone. Choose fal.ai or Runware, or leave ${'`provider`'} empty.`,
  ],
  'rate-limited': [
    new Refusal('rate-limited', { scope: 'member', limit: 6, retryAt: day }),
    `You've used your 6 requests this minute; try again <t:${day / 1000}:R>.`,
  ],
  'store-unavailable': [new Refusal('store-unavailable'), "The bot can't reach its database. Try again in a few minutes."],
  'thread-archived': [new Refusal('thread-archived'), 'This thread is archived. Post a message to reopen it, then try again.'],
  'thread-locked': [new Refusal('thread-locked'), 'This thread is locked. Ask a moderator to unlock it, or use another channel.'],
  'thread-not-joined': [
    new Refusal('thread-not-joined', { bot: '100000000000000001' }),
    "The bot isn't in this private thread. Mention <@100000000000000001> here to add it, or use another channel.",
  ],
  unsupported: [
    new Refusal('unsupported', { features: ['guidance'], choices: ['fal', 'runware'] }),
    "This bot's providers don't support guidance. Try again without it, or ask the bot owner to add fal.ai or Runware.",
  ],
  'unsupported-by-provider': [
    new Refusal('unsupported-by-provider', { provider: 'replicate', features: ['guidance'], choices: ['fal'] }),
    "Replicate doesn't support guidance. Choose fal.ai, or try again without it.",
  ],
}

test.each(Object.values(told))('%s', (refusal, sentence) => {
  expect(describeRefusal(refusal, text)).toBe(sentence)
})

test.each([
  [new Refusal('budget-exhausted', { ...budget, wallet: 'installation', period: 'month' }), "The bot's monthly budget has $0.35 left"],
  [new Refusal('rate-limited', { scope: 'guild', limit: 30, retryAt: day }), 'This server has used its 30 requests this minute'],
  [new Refusal('missing-permissions', { permissions: ['Attach Files'] }), 'The bot needs the **Attach Files** permission in this channel.'],
  [new Refusal('provider-unknown', { typed: 'Hollywood', choices: [] }), 'Leave `provider` empty.'],
  [
    new Refusal('unsupported', { features: ['guidance', 'lastFrame'], choices: [] }),
    'No provider supports guidance and last images. Try again without them.',
  ],
  [
    new Refusal('unsupported-by-provider', { provider: 'replicate', features: ['guidance'], choices: [] }),
    "Replicate doesn't support guidance. Try again without it.",
  ],
])('%s, in another case', (refusal, words) => {
  expect(describeRefusal(refusal, text)).toContain(words)
})

test('the compiler knows what each refusal has to carry', () => {
  const wrong = [
    // @ts-expect-error -- says how long it is
    () => new Refusal('prompt-too-long'),
    // @ts-expect-error -- says the limit, too
    () => new Refusal('prompt-too-long', { characters: 3 }),
    // @ts-expect-error -- carries nothing
    () => new Refusal('prompt-empty', { characters: 3 }),
  ]
  expect(wrong).toHaveLength(3)
})
