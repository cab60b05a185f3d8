import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'

import { valuesOf } from '../cards/outcome-text.ts'
import { describeError, isRefusal, isTokenDead } from '../rest/errors.ts'
import { retryDiscord } from '../rest/retry-discord.ts'
import { textIn } from '../text/text.ts'

import type { CardMessage } from './card-message.ts'
import type { DeliveryContext } from './context.ts'
import { findMessage } from './find-message.ts'

/** Milliseconds after which the requester may have left the channel. */
const mentionAfterMs = 60_000
/** Milliseconds for everything: a rate limit must not hold up what comes after the clip. */
const timeoutMs = 40_000

interface Mention {
  cardMessage: CardMessage
  posted: PostedMessage
}

/** What is said below the card. The nonce (at most 25 characters) differs from those of the generation's other messages. */
interface Notice extends Mention {
  content: (url: string) => string
  nonce: string
  /** An earlier try may have sent it. */
  mayHaveArrived: boolean
}

/** Mentions the requester below the posted clip, once, if the request took long. Never throws. */
export async function mentionRequester(generation: Generation, mention: Mention, context: DeliveryContext): Promise<void> {
  const { clock, log, notifyOnce } = context
  if (clock.now() - generation.createdAt <= mentionAfterMs) return
  try {
    await notifyOnce(generation, async ({ mayHaveArrived }) => {
      try {
        const content = (url: string) => textIn(generation.reply.locale)('clip.posted', { ...valuesOf(generation), url })
        await mentionBelow(generation, { ...mention, content, nonce: `m${generation.id.slice(-24)}`, mayHaveArrived }, context)
      } catch (error) {
        // It would refuse it again.
        if (!isRefusal(error)) throw error
        log.warn({ generation: generation.id, failure: describeError(error) }, 'Discord refused to mention the requester below the clip')
      }
    })
  } catch (error) {
    log.warn({ generation: generation.id, failure: describeError(error) }, 'requester not mentioned below the clip')
  }
}

/**
 * Mentions the requester in a message below the card, with a link to it. By interaction token, which needs no permission, else as a message in the channel. Discord recognizes a repetition of the second by its nonce, but not of
 * the first: once that may have arrived, the channel is searched for it.
 */
export async function mentionBelow(
  generation: Generation,
  { cardMessage, posted, content: contentFor, nonce, mayHaveArrived }: Notice,
  context: DeliveryContext,
): Promise<void> {
  const { messages, clock } = context
  const { memberId, guildId, reply } = generation
  const url = `https://discord.com/channels/${guildId}/${posted.channelId}/${posted.messageId}`
  const content = contentFor(url)
  const signal = AbortSignal.timeout(timeoutMs)
  let isRepeated = mayHaveArrived
  if (cardMessage.tokenAlive && !mayHaveArrived) {
    try {
      await messages.mentionByToken(reply, { memberId, content }, signal)
      return
    } catch (error) {
      // A refusal or a dead token proves that nothing was posted.
      isRepeated = !isRefusal(error) && !isTokenDead(error)
    }
  }
  if (isRepeated && (await findMessage(generation, url, { ...context, signal }))) return
  const create = () => messages.mentionInChannel(posted, { memberId, content, nonce }, signal)
  await retryDiscord(create, { clock, signal })
}
