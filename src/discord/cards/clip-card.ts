import { ButtonStyle, ComponentType } from 'discord.js'

import type { Clip } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { type Text, textIn } from '../text/text.ts'

import type { MessageBody, Part } from './components.ts'
import { accents, buttonRow, heading, messageLimits, messageOf, subtext, textDisplay, textLength } from './components.ts'
import { cutPlain, escapeAndCut } from './markdown.ts'
import { valuesOf } from './outcome-text.ts'

/** Recognizable in a downloads folder. It holds the reference, by which a message that already shows the clip is found. */
export function clipFilename({ reference }: Pick<Generation, 'reference'>): string {
  return `rushes-${reference}.mp4`
}

/** The finished card: the clip plays inside it. The MP4 goes with it as the only file. Pure. */
export function finishedCard(generation: Generation, clip: Clip): MessageBody {
  const text = textIn(generation.reply.locale)
  const filename = clipFilename(generation)
  const description = cutPlain(text('clip.alternative-text', generation.request), messageLimits.alternativeTextCharacters)
  const gallery: Part = { type: ComponentType.MediaGallery, items: [{ media: { url: `attachment://${filename}` }, description }] }
  return { ...withPrompt(generation, clip, [gallery], text), attachments: [{ id: '0', filename, description }] }
}

/** The card for a clip that is larger than the route takes: a link to the provider. Pure. */
export function linkedCard(generation: Generation, clip: Clip): MessageBody {
  const text = textIn(generation.reply.locale)
  const saveLink = text('clip.save-link', { ...valuesOf(generation), sizeBytes: clip.bytes.byteLength })
  const lead = [heading(text('clip.linked'), saveLink), linkTo(generation, clip, text)]
  // What an earlier try may have left in the message is dropped: it is not part of this card.
  return { ...withPrompt(generation, clip, lead, text), attachments: [] }
}

/**
 * The small message that is posted where the card's own message cannot be used any more; the clip is put into it by an edit. The only
 * message that mentions somebody. The reference lets a second try find it again.
 */
export function arrivingCard(generation: Generation): MessageBody {
  const text = textIn(generation.reply.locale)
  const lines = [text('clip.arriving', valuesOf(generation)), `-# ${text('clip.reference', generation)}`]
  return {
    ...messageOf(accents.working, [textDisplay(lines.join('\n'))]),
    allowed_mentions: { parse: [], users: [generation.memberId] },
  }
}

function withPrompt(generation: Generation, clip: Clip, lead: Part[], text: Text): MessageBody {
  const values = valuesOf(generation)
  const facts = subtext(text('card.facts', { ...values, seconds: clip.durationSeconds }), text('clip.price', values))
  const room = messageLimits.textCharacters - textLength([...lead, facts])
  const prompt = textDisplay(escapeAndCut(generation.request.prompt, room) || '…')
  return messageOf(accents.done, [...lead, prompt, facts])
}

function linkTo(generation: Generation, { url }: Clip, text: Text): Part {
  const label = text('button.open-clip')
  if (url.length <= messageLimits.linkUrlCharacters) return buttonRow({ type: ComponentType.Button, style: ButtonStyle.Link, label, url })
  // Too long for a button; as text it has more room, which the prompt gives up.
  const { href } = new URL(url)
  return textDisplay(href.length < messageLimits.textCharacters / 2 ? `[${label}](<${href}>)` : text('clip.link-too-long', generation))
}
