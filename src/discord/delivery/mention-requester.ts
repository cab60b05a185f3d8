import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'

import { valuesOf } from '../cards/outcome-text.ts'
import { describeError, isTokenDead } from '../rest/errors.ts'
import { textIn } from '../text/text.ts'

import type { CardMessage } from './card-message.ts'
import type { DeliveryContext } from './context.ts'

/** Milliseconds after which the requester may have left the channel. */
const mentionAfterMs = 60_000

/** Mentions the requester below the posted clip, once, if the request took long. Never throws. */
export async function mentionRequester(
  generation: Generation,
  { cardMessage, posted }: { cardMessage: CardMessage; posted: PostedMessage },
  { messages, clock, log, claimNotification }: DeliveryContext,
): Promise<void> {
  const { createdAt, memberId, guildId, reply } = generation
  if (clock.now() - createdAt <= mentionAfterMs) return
  try {
    if (!(await claimNotification(generation))) return
    const url = `https://discord.com/channels/${guildId}/${posted.channelId}/${posted.messageId}`
    const content = textIn(reply.locale)('clip.posted', { ...valuesOf(generation), url })
    if (cardMessage.tokenAlive) {
      try {
        await messages.mentionByToken(reply, memberId, content)
        return
      } catch (error) {
        // Only a dead token proves that nothing was posted.
        if (!isTokenDead(error)) throw error
      }
    }
    await messages.mentionInChannel(posted, memberId, content)
  } catch (error) {
    log.warn({ generation: generation.id, failure: describeError(error) }, 'requester not mentioned below the clip')
  }
}
