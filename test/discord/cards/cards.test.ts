import { IncomingWebhookUpdateRequestPartialSchema, MessageEditRequestPartialSchema } from 'discord-api-spec/zod'
import { ComponentType, MessageFlags } from 'discord.js'
import { describe, expect, test } from 'vitest'

import { cardOf } from '../../../src/discord/cards/status-card.ts'
import { arrivingCard, finishedCard, linkedCard } from '../../../src/discord/cards/clip-card.ts'
import { limitLines, tidy } from '../../../src/discord/cards/markdown.ts'
import type { MessageBody } from '../../../src/discord/cards/components.ts'
import type { EndReason, Generation } from '../../../src/generations/model/generation.ts'
import { generationStates } from '../../../src/generations/model/generation.ts'
import type { LiveState } from '../../../src/generations/model/delivery-port.ts'

import { exampleGeneration, ids, startedAt } from '../support/example-generation.ts'
import { nastyPrompts } from '../support/nasty-prompts.ts'

const live: LiveState = { now: startedAt + 41_000, ahead: 3, progress: 0.42, expectedEndAt: startedAt + 90_000 }
const clip = { bytes: new Uint8Array(2_000_000), durationSeconds: 10.04, url: 'https://host.example/clip.mp4?signature=abc' }

const cards: Record<string, (generation: Generation) => MessageBody> = {
  ...Object.fromEntries(
    generationStates.map((state) => [state, (generation: Generation) => cardOf({ ...generation, state, endReason: 'moderation' }, live)]),
  ),
  cancelling: (generation) => cardOf({ ...generation, cancelRequestedAt: startedAt }, { ...live, cancelRefused: true }),
  finished: (generation) => finishedCard(generation, clip),
  linked: (generation) => linkedCard(generation, clip, live.now),
  'linked by a long URL': (generation) => linkedCard(generation, { ...clip, url: `https://host.example/${'a'.repeat(1500)}` }, live.now),
  'linked by an endless URL': (generation) =>
    linkedCard(generation, { ...clip, url: `https://host.example/${'a'.repeat(9000)}` }, live.now),
  arriving: (generation) => arrivingCard(generation),
}

describe.each(Object.entries(cards))('the %s card', (_name, make) => {
  test.each(Object.entries(nastyPrompts))('holds a prompt of %s', (_kind, prompt) => {
    const body = make(exampleGeneration({ request: { prompt, durationSeconds: 10 } }))
    const wire: unknown = JSON.parse(JSON.stringify(body))
    expect(IncomingWebhookUpdateRequestPartialSchema.safeParse(wire)).toMatchObject({ success: true })
    expect(MessageEditRequestPartialSchema.safeParse(wire)).toMatchObject({ success: true })
    const components = walk(body)
    expect(components.length).toBeLessThanOrEqual(40)
    const texts = textsOf(body)
    expect(texts.join('').length).toBeLessThanOrEqual(4000)
    for (const text of texts) {
      expect(text.trim()).not.toBe('')
      expect(text.isWellFormed()).toBe(true)
      expect(text.split('\n').length).toBeLessThanOrEqual(30)
    }
    expect(body.flags).toBe(MessageFlags.IsComponentsV2)
    expect(body.allowed_mentions.parse).toEqual([])
  })
})

test.each(Object.entries(nastyPrompts))('a finished card shows a prompt of %s with nothing unescaped', (_kind, prompt) => {
  const shown = textsOf(finishedCard(exampleGeneration({ request: { prompt, durationSeconds: 10 } }), clip))[0] ?? ''
  const unescaped = shown.replaceAll(/\\[^0-9A-Za-z\s]/g, 'x')
  expect(unescaped).not.toMatch(/[\\*_~`|<>#[\]()@/]/)
  expect(unescaped).not.toMatch(/^\s*(?:[-+]|\d+[.)])/m)
  // What is left is the beginning of what was written.
  const literal = shown.replaceAll(/\\([^0-9A-Za-z\s])/g, '$1')
  const written = limitLines(tidy(prompt), 30)
  expect(literal.endsWith('…') ? written.startsWith(literal.slice(0, -1)) : literal === written).toBe(true)
})

test('a prompt that fits is shown whole', () => {
  expect(textsOf(finishedCard(exampleGeneration({ request: { prompt: 'x'.repeat(2500), durationSeconds: 10 } }), clip))[0]).toBe(
    'x'.repeat(2500),
  )
})

describe('while it is being made', () => {
  test('shows state, bar, time so far, expected end, provider and price', () => {
    expect(textsOf(cardOf(exampleGeneration({ state: 'rendering' }), { ...live, ahead: 0 }))).toEqual([
      '**Rendering**',
      `▰▰▰▰▱▱▱▱▱▱ 42%\n0:41 elapsed · ready <t:${startedAt / 1000 + 90}:R>`,
      'a paper boat in the rain',
      `-# <@${ids.member}> · 10s\n-# fal.ai · $0.70`,
    ])
  })

  test.each([
    [0, 'Next in the queue.'],
    [1, '1 ahead of yours.'],
    [3, '3 ahead of yours.'],
  ])('says the position in the queue where %i are ahead', (ahead, words) => {
    expect(textsOf(cardOf(exampleGeneration({ state: 'queued' }), { now: startedAt, ahead }))[0]).toBe(`**Queued**\n${words}`)
  })

  test.each([
    [0, 20_000, 'Next in the queue, ready in under a minute.'],
    [1, 70_000, '1 ahead of yours, ready in about 1 min.'],
    [3, 250_000, '3 ahead of yours, ready in about 4 min.'],
  ])('says when the clip is expected where %i are ahead', (ahead, remainingMs, words) => {
    const queued = exampleGeneration({ state: 'queued' })
    const card = cardOf(queued, { now: startedAt, ahead, expectedEndAt: startedAt + remainingMs })
    expect(textsOf(card)[0]).toBe(`**Queued**\n${words}`)
  })

  test.each([
    ['queued', ['fal', 'replicate'], undefined, '-# $0.70'],
    ['queued', ['fal'], undefined, '-# fal.ai · $0.70'],
    ['submitting', ['fal', 'replicate'], 'a-worker', '-# fal.ai · $0.70'],
    ['failed', ['fal', 'replicate'], undefined, '-# $0.70 · Reference c0ffee42'],
  ] as const)('names a provider once it is decided (%s, %j)', (state, candidates, owner, line) => {
    const generation = exampleGeneration({ state, candidates, owner, endReason: 'queue-overdue' })
    expect(
      textsOf(cardOf(generation, { now: startedAt }))
        .join('\n')
        .split('\n'),
    ).toContain(line)
  })

  test('promises nothing that is already past', () => {
    const [, progress] = textsOf(cardOf(exampleGeneration(), { ...live, expectedEndAt: live.now - 1 }))
    expect(progress).toContain('0:41 elapsed · taking longer than usual')
    expect(progress).not.toContain('<t:')
  })

  test.each([
    ['queued', undefined, true],
    ['submitting', undefined, true],
    ['rendering', undefined, true],
    ['rendering', startedAt, false],
    ['delivering', undefined, false],
  ] as const)('%s with a cancel wish at %s: Cancel button %s', (state, cancelRequestedAt, present) => {
    const generation = exampleGeneration({ state, cancelRequestedAt })
    const button = walk(cardOf(generation, live)).find(({ type }) => type === ComponentType.Button)
    expect(button && 'custom_id' in button ? button.custom_id : undefined).toBe(present ? `cancel:${generation.id}` : undefined)
  })

  test('says that it is cancelling, and that it may be too late', () => {
    const generation = exampleGeneration({ cancelRequestedAt: startedAt })
    expect(textsOf(cardOf(generation, live))[0]).toBe('**Cancelling…**')
    expect(textsOf(cardOf(generation, { ...live, cancelRefused: true }))[0]).toContain('fal.ai can no longer stop this clip.')
  })
})

describe('at its end', () => {
  const words = (change: Partial<Generation>) => textsOf(cardOf(exampleGeneration(change), live)).join('\n')

  test.each([
    [{ state: 'failed', endReason: 'unavailable', captured: false, startedAt }, 'fal.ai had an error.\nNo charge.'],
    [{ state: 'failed', endReason: 'unavailable', captured: false, startedAt: undefined }, 'No provider could be reached.\nNo charge.'],
    [{ state: 'failed', endReason: 'output_gone', captured: true }, 'The bot refunded $0.70 to this server.'],
    [
      { state: 'cancelled', endReason: 'cancelled-by-member', cancelledBy: 'requester', captured: false },
      `<@${ids.member}> cancelled this clip.\nNo charge.`,
    ],
    [
      { state: 'cancelled', endReason: 'cancelled-by-member', cancelledBy: 'moderator', captured: false },
      'A moderator cancelled this clip.',
    ],
    [{ state: 'cancelled', endReason: 'cancelled-by-member', captured: true }, 'so this server paid $0.70'],
    [{ state: 'cancelled', endReason: 'cancelled-by-member', captured: true, guildReleased: true }, 'No charge.'],
    [{ state: 'failed', endReason: 'settled-by-operator', captured: true, guildReleased: true }, 'No charge.'],
    [{ state: 'held', endReason: 'submission_unknown', guildReleased: true }, '$0.70 is available to this server again.'],
    [{ state: 'held', endReason: 'submission_unknown', captured: false }, '$0.70 stays reserved'],
    [{ state: 'held', endReason: 'auth', captured: false }, "can't reach its account at fal.ai"],
    [{ state: 'held', endReason: 'cancelled-by-member', captured: false }, "hasn't confirmed the cancellation"],
  ] as const)('%o says %s', (change, sentence) => {
    expect(words(change)).toContain(sentence)
  })

  test.each(['failed', 'held'] as const)('%s names the reference and says nothing of the prompt', (state) => {
    const shown = words({ state, endReason: 'moderation' satisfies EndReason })
    expect(shown).toContain('c0ffee42')
    expect(shown).not.toContain('paper boat')
  })
})

test('the finished card plays the clip and says what made it', () => {
  const body = finishedCard(exampleGeneration(), clip)
  expect(body.attachments).toMatchObject([{ id: '0', filename: 'rushes-c0ffee42.mp4' }])
  expect(walk(body).find(({ type }) => type === ComponentType.MediaGallery)).toMatchObject({
    items: [{ media: { url: 'attachment://rushes-c0ffee42.mp4' }, description: 'AI-generated clip: a paper boat in the rain' }],
  })
  expect(textsOf(body)).toEqual(['a paper boat in the rain', `-# <@${ids.member}> · 10s\n-# fal.ai · $0.70 · AI-generated`])
})

test('the finished card hides a flagged clip as a spoiler, and no other', () => {
  const items = (change: Partial<Generation>) =>
    walk(finishedCard(exampleGeneration(change), clip)).find(({ type }) => type === ComponentType.MediaGallery)
  expect(items({ outputFlagged: true })).toMatchObject({ items: [{ spoiler: true }] })
  for (const outputFlagged of [false, undefined]) expect(items({ outputFlagged })).not.toMatchObject({ items: [{ spoiler: true }] })
})

test('the linked card opens the clip at the provider, says why, and drops files of an earlier try', () => {
  const body = linkedCard(exampleGeneration(), { ...clip, bytes: new Uint8Array(24_000_000) }, live.now)
  expect(walk(body).find(({ type }) => type === ComponentType.Button)).toMatchObject({ url: clip.url })
  expect(textsOf(body)[0]).toContain('The clip is 24 MB, too large to post here.')
  expect(body.attachments).toEqual([])
})

test.each(['too large', 'not taken'])(
  'the linked card of a clip that is %s says until when the link works, as far as it is known',
  (reason) => {
    const linked = reason === 'too large' ? clip : { ...clip, bytes: undefined }
    const textAt = (change: Partial<Generation>) => textsOf(linkedCard(exampleGeneration(change), linked, live.now))[0]
    expect(textAt({ outputExpiresAt: live.now + 360_500 })).toContain(`keeps it until <t:${live.now / 1000 + 360}:f>.`)
    for (const outputExpiresAt of [live.now, undefined]) expect(textAt({ outputExpiresAt })).toContain('can delete it at any time')
  },
)

test('only the arriving card mentions somebody, and only the requester', () => {
  expect(arrivingCard(exampleGeneration()).allowed_mentions).toEqual({ parse: [], users: [ids.member] })
  for (const make of [cards['finished'], cards['rendering'], cards['failed']]) {
    expect(make?.(exampleGeneration()).allowed_mentions).toEqual({ parse: [] })
  }
})

interface Component {
  type: ComponentType
  components?: readonly Component[]
}

function walk(body: MessageBody): Component[] {
  const visit = (component: Component): Component[] => [component, ...(component.components ?? []).flatMap(visit)]
  return body.components.flatMap((component) => visit(component as Component))
}

function textsOf(body: MessageBody): string[] {
  return walk(body).flatMap((component) => ('content' in component && typeof component.content === 'string' ? [component.content] : []))
}
