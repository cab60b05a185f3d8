import { ButtonStyle, ComponentType } from 'discord.js'

import { formatUsd } from '../../domain/money.ts'
import { providerNames } from '../../domain/provider-id.ts'
import type { Generation } from '../../generations/model/generation.ts'
import type { Clip } from '../../generations/model/delivery-port.ts'

import { cutPlain, escapeAndCut } from './markdown.ts'
import type { MessageBody, Part } from './components.ts'
import { accents, messageLimits, messageOf, text, textLength } from './components.ts'
import { formatDuration, formatSize } from './format.ts'

/**
 * The name under which the clip is uploaded; recognisable in a downloads folder, and the same whenever the upload is repeated. It holds the
 * reference, by which a message that has the clip already is known again.
 */
export function clipFilename({ reference }: Pick<Generation, 'reference'>): string {
  return `rushes-${reference}.mp4`
}

/** The finished card: the clip plays inside it. The MP4 goes with it as the only file. Pure. */
export function finishedCard(generation: Generation, clip: Clip): MessageBody {
  const filename = clipFilename(generation)
  const alternative = cutPlain(`AI-generated clip: ${generation.request.prompt}`, messageLimits.alternativeTextCharacters)
  const gallery: Part = {
    type: ComponentType.MediaGallery,
    items: [{ media: { url: `attachment://${filename}` }, description: alternative }],
  }
  return { ...withPrompt(generation, clip, [gallery]), attachments: [{ id: '0', filename, description: alternative }] }
}

/** The card for a clip that is larger than the route takes: a link to the provider. Pure. */
export function linkedCard(generation: Generation, clip: Clip): MessageBody {
  const lead = text(
    [
      '**Your clip is ready**',
      `It is ${formatSize(clip.bytes.byteLength)}, more than can be posted here.`,
      'The provider keeps it for a limited time only:',
      'open the link and save it soon.',
    ].join('\n'),
  )
  // What an earlier try may have left in the message is dropped: it is not part of this card.
  return { ...withPrompt(generation, clip, [lead, linkTo(generation, clip)]), attachments: [] }
}

/**
 * The small message that is posted where the card's own message cannot be used any more; the clip is put into it by an edit. The only
 * message that mentions somebody. The reference lets a second try find it again.
 */
export function arrivingCard(generation: Generation): MessageBody {
  return {
    ...messageOf(accents.working, [
      text(`<@${generation.memberId}> Your clip is ready; it is being posted here.\n-# Reference ${generation.reference}`),
    ]),
    allowed_mentions: { parse: [], users: [generation.memberId] },
  }
}

function withPrompt(generation: Generation, clip: Clip, lead: Part[]): MessageBody {
  const facts = text(
    [
      `-# <@${generation.memberId}> · ${formatDuration(clip.durationSeconds)}`,
      `-# ${providerNames[generation.provider]} · ${formatUsd(generation.price)} · AI-generated`,
    ].join('\n'),
  )
  const room = messageLimits.textCharacters - textLength([...lead, facts])
  const prompt = text(escapeAndCut(generation.request.prompt, room) || '…')
  return messageOf(accents.done, [...lead, prompt, facts])
}

function linkTo(generation: Generation, { url }: Clip): Part {
  if (url.length <= messageLimits.linkUrlCharacters) {
    return {
      type: ComponentType.ActionRow,
      components: [{ type: ComponentType.Button, style: ButtonStyle.Link, label: 'Open the clip', url }],
    }
  }
  // Too long for a button; as text it has more room, which the prompt gives up.
  const href = new URL(url).href
  if (href.length < messageLimits.textCharacters / 2) return text(`[Open the clip](<${href}>)`)
  return text(`Its link does not fit into a message. Whoever runs the bot can find it by the reference ${generation.reference}.`)
}
