import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'

import { clipFilename } from '../cards/clip-card.ts'
import { describeError, isBotTokenInvalid, isTransient } from '../rest/errors.ts'
import { type ChannelMessage, contains } from '../rest/messages.ts'
import { retryDiscord } from '../rest/retry-discord.ts'

import type { DeliveryContext } from './context.ts'
import { deliveryError } from './delivery-error.ts'

/**
 * The message in which an earlier process posted this clip, if any. Throws a temporary `DeliveryError` if Discord does not say: taking the clip for
 * missing could refund one that everyone sees.
 */
export async function findPostedClip(
  generation: Generation,
  { tokenAlive }: { tokenAlive: boolean },
  { messages, clock, log }: DeliveryContext,
): Promise<PostedMessage | undefined> {
  const { reply, channelId, messageId } = generation
  const byToken = tokenAlive ? () => messages.readReply(reply) : undefined
  const byBot = messageId === undefined ? undefined : () => messages.readMessage({ channelId, messageId })
  let inconclusive: unknown
  for (const read of [byToken, byBot].filter((read) => read !== undefined)) {
    try {
      const message = await retryDiscord(read, { clock, delays: [1000] })
      if (showsClip(message, generation)) return { channelId: message.channel_id, messageId: message.id }
    } catch (error) {
      log.info({ generation: generation.id, failure: describeError(error) }, 'message not readable while looking for a posted clip')
      // Every other error means that this message shows no clip.
      if (isTransient(error) || (read === byBot && isBotTokenInvalid(error))) inconclusive = error
    }
  }
  if (inconclusive !== undefined) throw deliveryError('unknown whether the clip is already posted', inconclusive)
  return undefined
}

function showsClip(message: ChannelMessage, { reference, outputUrl }: Generation): boolean {
  return contains(message, clipFilename({ reference })) || (outputUrl !== undefined && contains(message, outputUrl))
}
