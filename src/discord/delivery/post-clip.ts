import type { Clip, PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { LeaseLost } from '../../generations/model/stop-reasons.ts'

import { arrivingCard, clipFilename, explainLink, finishedCard, linkedCard } from '../cards/clip-card.ts'
import { describeError, isRefusal, isTooLarge } from '../rest/errors.ts'
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
 * that a crash cannot post the clip twice. Where Discord takes no file, the message gets the clip's link; where it takes no message, the requester alone
 * gets it. Undefined if a moderator deleted the card: then nothing is posted in the channel again. Throws `DeliveryError`, `LeaseLost` or the signal's reason.
 */
export async function postClip(post: ClipPost, context: DeliveryContext): Promise<PostedMessage | undefined> {
  const { generation, cardMessage, signal } = post
  let refusal: unknown
  const guildUploadLimit = await context.uploadLimitOf(generation.guildId)
  await context.cardLock.whenIdle(generation)
  try {
    await assertCurrent(generation, context)
    const inPlace = await editInClip(post, guildUploadLimit, context)
    if (inPlace.result === 'edited') return inPlace.message
    if (inPlace.result === 'gone') {
      await keepForRequester(post, context)
      return undefined
    }
    await cardMessage.moveTo(await findOrCreateMessage(post, context))
    const moved = await editInClip(post, guildUploadLimit, context)
    if (moved.result === 'edited') return moved.message
    if (moved.result === 'gone') {
      await keepForRequester(post, context)
      return undefined
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof LeaseLost) throw error
    if (!isRefusal(error)) throw deliveryError('clip not posted', error)
    refusal = error
  }
  const sent = await sendLinkPrivately(post, context)
  if (sent) return sent
  throw refusal === undefined ? deliveryError('clip not posted: no route to the channel') : deliveryError('clip not posted', refusal)
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
    const edited = await retryDiscord(edit, { ...retries, delays: [2000] })
    if (edited.result !== 'unreachable') return edited
    // A file needs a permission that words do not.
    log.warn({ generation: generation.id }, 'Discord refused the clip in its card; posting its link')
    const withoutFile = { body: linkedCard(generation, { ...clip, bytes: undefined }, clock.now()), options: { signal } }
    return await retryDiscord(() => cardMessage.edit(() => withoutFile), retries)
  } catch (error) {
    if (!isTooLarge(error)) throw error
    // Discord's stated limit can be higher than its actual one.
    log.warn({ generation: generation.id, sizeBytes: bytes.byteLength }, 'Discord rejected the clip as too large; posting its link')
    return retryDiscord(() => cardMessage.edit(() => linked), retries)
  }
}

/** The moderator's decision stands. The clip was paid, so its requester gets it as long as Discord takes a private message; the store keeps its link. */
async function keepForRequester(post: ClipPost, context: DeliveryContext): Promise<void> {
  const sent = await sendLinkPrivately(post, context)
  const fields = { generation: post.generation.id, reference: post.generation.reference, toldRequester: sent !== undefined }
  context.log.info(fields, 'the card of a clip was deleted; nothing is posted there again')
}

/** The last way to the clip, where the channel takes no message any more. A follow-up in place of the "thinking" message would be public. */
async function sendLinkPrivately(
  { generation, clip, cardMessage, signal }: ClipPost,
  { messages, clock, log, markNotified }: DeliveryContext,
): Promise<PostedMessage | undefined> {
  if (!cardMessage.tokenAlive || !cardMessage.placeholderReplaced) return undefined
  try {
    const send = () => messages.followUpPrivately(generation.reply, explainLink(generation, clip, clock.now()))
    const sent = await retryDiscord(send, { clock, signal })
    await markNotified(generation)
    return sent
  } catch (error) {
    log.warn({ generation: generation.id, failure: describeError(error) }, 'the link of a clip could not be sent privately')
    return undefined
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
