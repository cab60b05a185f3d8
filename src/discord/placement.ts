import type { RawFile } from 'discord.js'

import type { Clock } from '../domain/clock.ts'
import type { Generation } from '../generations/generation.ts'
import type { Clip, PostedMessage } from '../generations/ports.ts'
import type { Log } from '../observability/log.ts'

import type { Carrier, EditOutcome, Route } from './carrier.ts'
import { arrivingCard, clipFilename, finishedCard, linkedCard } from './clip-cards.ts'
import { deliveryError } from './delivery-error.ts'
import { describeError, isTooLarge } from './discord-errors.ts'
import type { Messages } from './messages.ts'
import { repeatOnFault } from './repeat.ts'
import { largestClipByBot, largestClipByToken } from './upload-limits.ts'

export interface Placement {
  generation: Generation
  clip: Clip
  carrier: Carrier
  messages: Messages
  clock: Clock
  log: Log
  /** Bytes per file that the guild allows a bot. */
  guildUploadLimit: number
  /** Called before a message that mentions the member is posted. */
  beforeMention: () => Promise<unknown>
  signal: AbortSignal
}

/**
 * Puts the clip where its card is: by token, else the same message by bot token, else into a new message, which is first posted small and
 * remembered, so that no crash can post the clip twice. Throws `DeliveryError`, or the signal's reason.
 */
export async function placeClip(placement: Placement): Promise<PostedMessage> {
  const { carrier, signal } = placement
  try {
    const inPlace = await putClip(placement)
    if (inPlace.result === 'edited') return inPlace.message
    await carrier.moveTo(await arrive(placement))
    const moved = await putClip(placement)
    if (moved.result === 'edited') return moved.message
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw deliveryError('the clip could not be posted', error)
  }
  throw deliveryError('no route leads to the channel')
}

async function putClip(placement: Placement): Promise<EditOutcome> {
  const { generation, clip, carrier, clock, log, guildUploadLimit, signal } = placement
  const linked = { body: linkedCard(generation, clip), options: { signal } }
  const finished = { body: finishedCard(generation, clip), options: { file: fileOf(generation, clip), signal } }
  const largest: Record<Route, number> = {
    token: largestClipByToken(generation.reply.attachmentSizeLimit),
    bot: largestClipByBot(guildUploadLimit),
  }
  try {
    return await repeatOnFault(() => carrier.edit((route) => (clip.bytes.byteLength <= largest[route] ? finished : linked)), {
      clock,
      signal,
      pausesMs: [2000],
    })
  } catch (error) {
    if (!isTooLarge(error)) throw error
    // The limit that Discord names can be higher than the one it holds us to.
    log.warn({ generation: generation.id, sizeBytes: clip.bytes.byteLength }, 'Discord took the clip for too large; posting its link')
    return repeatOnFault(() => carrier.edit(() => linked), { clock, signal, pausesMs: [1000, 4000] })
  }
}

/** The message that an earlier try left behind, or a new one. */
async function arrive({ generation, messages, clock, log, beforeMention, signal }: Placement): Promise<PostedMessage> {
  const { channelId, reply, reference } = generation
  await beforeMention()
  try {
    const earlier = await messages.findOwn(channelId, reply.applicationId, reply.interactionId, reference)
    if (earlier) return earlier
  } catch (error) {
    log.info({ generation: generation.id, failure: describeError(error) }, 'the channel could not be searched for an earlier message')
  }
  const nonce = generation.id.slice(-25)
  return repeatOnFault(() => messages.create(channelId, arrivingCard(generation), nonce, signal), { clock, signal, pausesMs: [1000, 4000] })
}

function fileOf(generation: Generation, { bytes }: Clip): RawFile {
  return { name: clipFilename(generation), data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), contentType: 'video/mp4' }
}
