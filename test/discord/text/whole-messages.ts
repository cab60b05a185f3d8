import type { APIComponentInContainer } from 'discord.js'
import { ComponentType } from 'discord.js'

import { arrivingCard, finishedCard, linkedCard } from '../../../src/discord/cards/clip-card.ts'
import type { MessageBody } from '../../../src/discord/cards/components.ts'
import { explainOutcome } from '../../../src/discord/cards/outcome-text.ts'
import { cardOf } from '../../../src/discord/cards/status-card.ts'
import { exampleGeneration, startedAt } from '../support/example-generation.ts'

const live = { now: startedAt + 41_000, progress: 0.42, expectedEndAt: startedAt + 90_000 }
const clip = { bytes: new Uint8Array(24_000_000), durationSeconds: 10, url: 'https://provider.example/clip.mp4' }
const rendering = exampleGeneration({ state: 'rendering', startedAt })
const queued = exampleGeneration({ state: 'queued', owner: undefined, candidates: ['fal', 'replicate'] })
const cancelled = exampleGeneration({ state: 'cancelled', endReason: 'cancelled-by-member', cancelledBy: 'requester' })
const failed = exampleGeneration({ state: 'failed', endReason: 'moderation' })
const held = exampleGeneration({ state: 'held', endReason: 'submission_unknown' })

/** The messages of a clip from its request to its end, as they look together. */
const messages: Record<string, MessageBody | string> = {
  'In the queue': cardOf(queued, { now: live.now, ahead: 3, expectedEndAt: live.now + 240_000 }),
  'On its way to the provider': cardOf(exampleGeneration({ state: 'submitting' }), { now: live.now }),
  'In progress': cardOf(rendering, live),
  'Later than expected': cardOf(rendering, { ...live, expectedEndAt: startedAt }),
  'While the bot restarts': cardOf(rendering, { ...live, paused: true }),
  'Cancelled too late': cardOf({ ...rendering, cancelRequestedAt: startedAt }, { ...live, cancelRefused: true }),
  'Almost there': cardOf(exampleGeneration({ state: 'delivering' }), { now: live.now }),
  'While the provider does not serve the clip': cardOf(exampleGeneration({ state: 'delivering' }), {
    now: live.now,
    askingUntil: live.now + 3_000_000,
  }),
  Finished: finishedCard(rendering, clip),
  'Finished, too large to post': linkedCard({ ...rendering, outputExpiresAt: live.now + 86_400_000 }, clip, live.now),
  'Finished, where Discord took no upload': linkedCard(
    { ...rendering, outputExpiresAt: live.now + 360_000 },
    { ...clip, bytes: undefined },
    live.now,
  ),
  'Finished, where the provider may have deleted the clip': linkedCard(
    { ...rendering, outputExpiresAt: live.now },
    { ...clip, bytes: undefined },
    live.now,
  ),
  'Finished, where the card is gone': arrivingCard(rendering),
  Cancelled: cardOf(cancelled, live),
  'Cancelled: for the requester alone': explainOutcome(cancelled),
  Failed: cardOf(failed, live),
  'Failed: for the requester alone': explainOutcome(failed),
  'On hold': cardOf(held, live),
  'On hold: for the requester alone': explainOutcome(held),
}

/** Every message under its heading, as plain lines. */
export function writeWholeMessages(): string {
  return Object.entries(messages)
    .map(
      ([heading, message]) =>
        `### ${heading}\n\n\`\`\`text\n${readable(typeof message === 'string' ? message : linesOf(message))}\n\`\`\`\n`,
    )
    .join('\n')
}

function linesOf({ components }: MessageBody): string {
  return components
    .flatMap((component) => (component.type === ComponentType.Container ? component.components : []))
    .map(lineOf)
    .join('\n')
}

function lineOf(component: APIComponentInContainer): string {
  if (component.type === ComponentType.TextDisplay) return component.content
  if (component.type === ComponentType.MediaGallery) return `[clip: ${component.items[0]?.description ?? ''}]`
  if (component.type !== ComponentType.ActionRow) throw new Error(`no card has a component of type ${component.type}`)
  return component.components.map((button) => `[${'label' in button ? (button.label ?? '') : ''}]`).join(' ')
}

/** Discord's marks as it shows them. */
function readable(lines: string): string {
  return lines
    .replaceAll(/<t:(\d+):R>/g, (_, seconds: string) => relative(Number(seconds) - live.now / 1000))
    .replaceAll(/<t:(\d+):f>/g, (_, seconds: string) => new Date(Number(seconds) * 1000).toUTCString())
    .replaceAll(/<@\d+>/g, '@Mia')
    .replaceAll(/^-# /gm, '')
    .replaceAll('**', '')
}

function relative(seconds: number): string {
  return seconds < 0 ? `${-seconds} seconds ago` : `in ${seconds} seconds`
}
