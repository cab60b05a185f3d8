import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'

import { describeError, isBotTokenInvalid, isTransient } from '../rest/errors.ts'
import { retryDiscord } from '../rest/retry-discord.ts'

import type { DeliveryContext } from './context.ts'

/**
 * The message that an earlier try left in the channel, recognized by a text or link in it. Undefined also where the channel may not be searched. Rethrows
 * Discord's faults: they leave open whether the message exists, and a second one would say the same twice.
 */
export async function findMessage(
  { id, channelId, reply }: Generation,
  marker: string,
  { signal, messages, clock, log }: Pick<DeliveryContext, 'messages' | 'clock' | 'log'> & { signal: AbortSignal },
): Promise<PostedMessage | undefined> {
  const wanted = { channelId, authorId: reply.applicationId, afterId: reply.interactionId, marker }
  try {
    return await retryDiscord(() => messages.findMarked(wanted, signal), { clock, signal })
  } catch (error) {
    if (signal.aborted || isTransient(error) || isBotTokenInvalid(error)) throw error
    log.info({ generation: id, failure: describeError(error) }, 'channel not searchable for an earlier message')
    return undefined
  }
}
