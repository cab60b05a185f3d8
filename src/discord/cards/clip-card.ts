import { ButtonStyle, ComponentType } from 'discord.js'

import type { Clip } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { type Text, textIn } from '../text/text.ts'

import type { MessageBody, Part } from './components.ts'
import { accents, buttonRow, heading, messageLimits, messageOf, subtext, textDisplay, textLength } from './components.ts'
import { formatDateTime } from './format.ts'
import { cutPlain, escapeAndCut } from './markdown.ts'
import { valuesOf } from './outcome-text.ts'

/** Recognizable in a downloads folder. It holds the reference, by which a message that already shows the clip is found. */
export function clipFilename({ reference }: Pick<Generation, 'reference'>): string {
  return `rushes-${reference}.mp4`
}

/** The card of a finished clip, which plays inside it. The MP4 is the only file of the message. */
export function finishedCard(generation: Generation, clip: Clip): MessageBody {
  const text = textIn(generation.reply.locale)
  const filename = clipFilename(generation)
  const description = cutPlain(text('clip.alternative-text', generation.request), messageLimits.alternativeTextCharacters)
  // What a content check flagged is seen only by who chooses to.
  const item = { media: { url: `attachment://${filename}` }, description, ...(generation.outputFlagged && { spoiler: true }) }
  const gallery: Part = { type: ComponentType.MediaGallery, items: [item] }
  return { ...withPrompt(generation, clip, [gallery], text), attachments: [{ id: '0', filename, description }] }
}

/** The card of a clip that is too large to upload, or that Discord did not take in time: a link to the provider. `now` in milliseconds since the epoch. */
export function linkedCard(generation: Generation, clip: Clip, now: number): MessageBody {
  const text = textIn(generation.reply.locale)
  const { bytes } = clip
  const reason = bytes ? text('clip.too-large-to-post', { sizeBytes: bytes.byteLength }) : text('clip.upload-not-accepted')
  const lead = [heading(text('clip.linked'), reason, describeExpiry(generation, now, text)), linkTo(generation, clip, text)]
  // An empty list removes the file of an earlier attempt.
  return { ...withPrompt(generation, clip, lead, text), attachments: [] }
}

/** For the requester alone, where the bot may not post in the channel any more. */
export function explainLink(generation: Generation, { url }: Clip, now: number): string {
  const text = textIn(generation.reply.locale)
  const { href } = new URL(url)
  const link = href.length < messageLimits.contentCharacters / 2 ? `<${href}>` : text('clip.link-too-long', generation)
  return [text('clip.not-postable'), link, describeExpiry(generation, now, text)].join('\n')
}

/**
 * Posted when the card's own message can no longer be edited; an edit then adds the clip. The only card that mentions the requester. The reference
 * lets a second attempt find it.
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

/** True also for who reads it after the expiry. */
function describeExpiry(generation: Generation, now: number, text: Text): string {
  const { outputExpiresAt = 0 } = generation
  const values = valuesOf(generation)
  // The provider still serves it, but for how long is not known.
  if (outputExpiresAt <= now) return text('clip.save-link-now', values)
  return text('clip.save-link-until', { ...values, until: formatDateTime(outputExpiresAt) })
}

function linkTo(generation: Generation, { url }: Clip, text: Text): Part {
  const label = text('button.open-clip')
  if (url.length <= messageLimits.linkUrlCharacters) return buttonRow({ type: ComponentType.Button, style: ButtonStyle.Link, label, url })
  // Too long for a button, but text has more room: the prompt is cut instead.
  const { href } = new URL(url)
  return textDisplay(href.length < messageLimits.textCharacters / 2 ? `[${label}](<${href}>)` : text('clip.link-too-long', generation))
}
