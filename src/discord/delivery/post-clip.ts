import type { Clip, PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { LeaseLost } from '../../generations/model/stop-reasons.ts'

import { arrivingCard, clipFilename, finishedCard, linkedCard } from '../cards/clip-card.ts'
import { isTooLarge } from '../rest/errors.ts'
import { retryDiscord } from '../rest/retry-discord.ts'

import type { CardMessage, EditOutcome } from './card-message.ts'
import type { DeliveryContext } from './context.ts'
import { deliveryError } from './delivery-error.ts'
import { findMessage } from './find-message.ts'
import { largestClips } from './upload-limits.ts'

interface ClipPost {
  generation: Generation
  clip: Clip
  cardMessage: CardMessage
  signal: AbortSignal
}

/**
 * Posts the clip in place of the card, by token or by bot token. If neither can edit the card, first posts and stores a small new message, so
 * that a crash cannot post the clip twice. Throws `DeliveryError`, `LeaseLost` or the signal's reason.
 */
export async function postClip(post: ClipPost, context: DeliveryContext): Promise<PostedMessage> {
  const { generation, cardMessage, signal } = post
  const guildUploadLimit = await context.uploadLimitOf(generation.guildId)
  await context.cardLock.whenIdle(generation)
  try {
    await assertCurrent(generation, context)
    const inPlace = await editInClip(post, guildUploadLimit, context)
    if (inPlace.result === 'edited') return inPlace.message
    await cardMessage.moveTo(await findOrCreateMessage(post, context))
    const moved = await editInClip(post, guildUploadLimit, context)
    if (moved.result === 'edited') return moved.message
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof LeaseLost) throw error
    throw deliveryError('clip not posted', error)
  }
  throw deliveryError('clip not posted: no route to the channel')
}

async function editInClip(
  { generation, clip, cardMessage, signal }: ClipPost,
  guildUploadLimit: number,
  { clock, log }: DeliveryContext,
): Promise<EditOutcome> {
  const linked = { body: linkedCard(generation, clip, clock.now()), options: { signal } }
  const retries = { clock, signal }
  const { bytes } = clip
  if (!bytes) return retryDiscord(() => cardMessage.edit(() => linked), retries)
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const file = { name: clipFilename(generation), data, contentType: 'video/mp4' }
  const finished = { body: finishedCard(generation, clip), options: { file, signal } }
  const largest = largestClips(generation.reply.attachmentSizeLimit, guildUploadLimit)
  try {
    const edit = () => cardMessage.edit((route) => (bytes.byteLength <= largest[route] ? finished : linked))
    return await retryDiscord(edit, { ...retries, delays: [2000] })
  } catch (error) {
    if (!isTooLarge(error)) throw error
    // Discord's stated limit can be higher than its actual one.
    log.warn({ generation: generation.id, sizeBytes: bytes.byteLength }, 'Discord rejected the clip as too large; posting its link')
    return retryDiscord(() => cardMessage.edit(() => linked), retries)
  }
}

/** The small message of an earlier try, or a new one. Both mention the member, who is not notified again. */
async function findOrCreateMessage({ generation, signal }: ClipPost, context: DeliveryContext): Promise<PostedMessage> {
  const create = async () => {
    // After a long pause this process may no longer be the owner, and Discord may have forgotten the nonce.
    await assertCurrent(generation, context)
    return context.messages.create(generation.channelId, arrivingCard(generation), generation.id.slice(-25), signal)
  }
  const message =
    (await findMessage(generation, generation.reference, { ...context, signal })) ??
    (await retryDiscord(create, { clock: context.clock, signal }))
  await context.markNotified(generation)
  return message
}

async function assertCurrent(generation: Generation, { cardLock }: DeliveryContext): Promise<void> {
  if (!(await cardLock.isCurrent(generation))) throw new LeaseLost(`generation ${generation.id} is posted by another process`)
}
