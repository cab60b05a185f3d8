import type { Snowflake } from '../../domain/ids.ts'
import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'

import type { MessageBody } from '../cards/components.ts'
import { describeError, isMessageGone, isTokenDead, isUneditable } from '../rest/errors.ts'
import type { EditOptions } from '../rest/messages.ts'
import { tokenExpiry } from '../rest/token-expiry.ts'

import type { DeliveryContext } from './context.ts'

/** The credential that edits the message: the interaction token or the bot token. */
type Route = 'token' | 'bot'

/** `gone`: the message was deleted. `unreachable`: it may exist, but no route can edit it. */
export type EditOutcome = { result: 'edited'; message: PostedMessage } | { result: 'gone' | 'unreachable' }

export type CardMessage = ReturnType<typeof createCardMessage>

/** The message that shows one generation's card, and which routes to it still work. Edits by interaction token first, then by bot token. */
export function createCardMessage(generation: Generation, { messages, clock, log, rememberMessage }: DeliveryContext) {
  const { reply, channelId } = generation
  let messageId = generation.messageId
  // Erased once it expired.
  let tokenDead = reply.token === ''
  let replyMessageId: Snowflake | undefined
  let replyGone = false

  const tokenExpiresAt = tokenExpiry(reply.interactionId)
  const tokenAlive = () => !tokenDead && clock.now() < tokenExpiresAt

  async function remember(message: PostedMessage): Promise<void> {
    if (message.messageId === messageId) return
    messageId = message.messageId
    await rememberMessage(generation.id, messageId).catch((error: unknown) => {
      // The card is correct, and this process knows the id. Only a crash would lose it.
      log.error({ generation: generation.id, failure: describeError(error) }, 'card message id not stored')
    })
  }

  async function attempt(edit: () => Promise<PostedMessage>): Promise<EditOutcome> {
    try {
      const message = await edit()
      await remember(message)
      return { result: 'edited', message }
    } catch (error) {
      if (isMessageGone(error)) return { result: 'gone' }
      if (isUneditable(error)) return { result: 'unreachable' }
      throw error
    }
  }

  /** Undefined if the token is dead. Only by this route does a 401 response concern the interaction token. */
  async function attemptByToken(edit: () => Promise<PostedMessage>): Promise<EditOutcome | undefined> {
    try {
      return await attempt(edit)
    } catch (error) {
      if (!isTokenDead(error)) throw error
      tokenDead = true
      log.info({ generation: generation.id }, 'interaction token expired early; switching to the bot token')
      return undefined
    }
  }

  return {
    /** Whether the “thinking…” placeholder is gone. As long as it is shown, a follow-up would take its place and be public. */
    get placeholderReplaced() {
      return messageId !== undefined || replyGone
    },
    get tokenAlive() {
      return tokenAlive()
    },
    /** Calls `bodyFor` once per route, because upload limits differ. Throws the errors that say nothing about the route. */
    async edit(bodyFor: (route: Route) => { body: MessageBody; options?: EditOptions }): Promise<EditOutcome> {
      if (tokenAlive() && !replyGone) {
        const { body, options } = bodyFor('token')
        const outcome = await attemptByToken(() => messages.editReply(reply, body, options))
        if (outcome?.result === 'edited') {
          replyMessageId = outcome.message.messageId
          return outcome
        }
        if (outcome?.result === 'gone') replyGone = true
      }
      if (messageId === undefined || (replyGone && messageId === replyMessageId)) return { result: replyGone ? 'gone' : 'unreachable' }
      const { body, options } = bodyFor('bot')
      const known = { channelId, messageId }
      return attempt(() => messages.editMessage(known, body, options))
    },
    /** The card continues in this message. */
    async moveTo(message: PostedMessage): Promise<void> {
      replyGone = true
      await remember(message)
    },
  }
}
