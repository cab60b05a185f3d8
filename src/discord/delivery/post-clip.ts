import type { RawFile } from 'discord.js'

import type { Clock } from '../../lib/clock.ts'
import type { Generation } from '../../generations/model/generation.ts'
import type { Clip, PostedMessage } from '../../generations/model/delivery-port.ts'
import { LeaseLost } from '../../generations/model/stop-reasons.ts'
import type { Log } from '../../lib/log.ts'

import type { CardMessage, EditOutcome, Route } from './card-message.ts'
import { arrivingCard, clipFilename, finishedCard, linkedCard } from '../cards/clip-card.ts'
import { deliveryError } from './delivery-error.ts'
import { describeError, isBotTokenVoid, isTooLarge, isTransient } from '../rest/errors.ts'
import type { Messages } from '../rest/messages.ts'
import { repeatOnFault } from '../rest/retry.ts'
import { largestClipByBot, largestClipByToken } from './upload-limits.ts'

export interface Placement {
  generation: Generation
  clip: Clip
  cardMessage: CardMessage
  messages: Messages
  clock: Clock
  log: Log
  /** Bytes per file that the guild allows a bot. */
  guildUploadLimit: number
  /** Called before a message that mentions the member is posted. */
  beforeMention: () => Promise<unknown>
  /** Is the clip still ours to post? Asked at the beginning, and before each try to make a new message. */
  isOurs: () => Promise<boolean>
  signal: AbortSignal
}

/**
 * Puts the clip where its card is: by token, else the same message by bot token, else into a new message, which is first posted small and
 * remembered, so that no crash can post the clip twice. Throws `DeliveryError`, `LeaseLost`, or the signal's reason.
 */
export async function placeClip(placement: Placement): Promise<PostedMessage> {
  const { cardMessage, signal } = placement
  try {
    await demandOurs(placement)
    const inPlace = await putClip(placement)
    if (inPlace.result === 'edited') return inPlace.message
    await cardMessage.moveTo(await arrive(placement))
    const moved = await putClip(placement)
    if (moved.result === 'edited') return moved.message
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof LeaseLost) throw error
    throw deliveryError('the clip could not be posted', error)
  }
  throw deliveryError('no route leads to the channel')
}

async function putClip(placement: Placement): Promise<EditOutcome> {
  const { generation, clip, cardMessage, clock, log, guildUploadLimit, signal } = placement
  const linked = { body: linkedCard(generation, clip), options: { signal } }
  const finished = { body: finishedCard(generation, clip), options: { file: fileOf(generation, clip), signal } }
  const largest: Record<Route, number> = {
    token: largestClipByToken(generation.reply.attachmentSizeLimit),
    bot: largestClipByBot(guildUploadLimit),
  }
  try {
    return await repeatOnFault(() => cardMessage.edit((route) => (clip.bytes.byteLength <= largest[route] ? finished : linked)), {
      clock,
      signal,
      pausesMs: [2000],
    })
  } catch (error) {
    if (!isTooLarge(error)) throw error
    // The limit that Discord names can be higher than the one it holds us to.
    log.warn({ generation: generation.id, sizeBytes: clip.bytes.byteLength }, 'Discord took the clip for too large; posting its link')
    return repeatOnFault(() => cardMessage.edit(() => linked), { clock, signal, pausesMs: [1000, 4000] })
  }
}

/** The message that an earlier try left behind, or a new one. */
async function arrive(placement: Placement): Promise<PostedMessage> {
  const { generation, messages, clock, beforeMention, signal } = placement
  const earlier = await findEarlier(placement)
  // Not before the look: if that fails, nobody was called yet.
  await beforeMention()
  if (earlier) return earlier
  const create = async () => {
    // A process that stood still for minutes may no longer be the owner, and Discord no longer know the nonce.
    await demandOurs(placement)
    return messages.create(generation.channelId, arrivingCard(generation), generation.id.slice(-25), signal)
  }
  return repeatOnFault(create, { clock, signal, pausesMs: [1000, 4000] })
}

async function demandOurs({ generation, isOurs }: Placement): Promise<void> {
  if (!(await isOurs())) throw new LeaseLost(`generation ${generation.id} is posted by another process`)
}

/** A fault of Discord's says nothing about whether there is one; going on would post the clip twice. */
async function findEarlier({ generation, messages, clock, log, signal }: Placement): Promise<PostedMessage | undefined> {
  const { channelId, reference, reply } = generation
  const wanted = { channelId, authorId: reply.applicationId, afterId: reply.interactionId, marker: reference }
  try {
    return await repeatOnFault(() => messages.findOwn(wanted, signal), { clock, signal, pausesMs: [1000, 4000] })
  } catch (error) {
    if (signal.aborted || isTransient(error) || isBotTokenVoid(error)) throw error
    log.info({ generation: generation.id, failure: describeError(error) }, 'the channel could not be searched for an earlier message')
    return undefined
  }
}

function fileOf(generation: Generation, { bytes }: Clip): RawFile {
  return { name: clipFilename(generation), data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), contentType: 'video/mp4' }
}
