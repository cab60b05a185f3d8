import type { Clock } from '../../lib/clock.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { Generation } from '../../generations/model/generation.ts'
import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Log } from '../../lib/log.ts'

import { describeError, isMessageGone, isTokenDead, isUneditable } from '../rest/errors.ts'
import type { MessageBody } from '../cards/components.ts'
import type { EditOptions, Messages } from '../rest/messages.ts'
import { isTokenAlive } from './token-expiry.ts'

/** By which way the card's message is reached. */
export type Route = 'token' | 'bot'

/** `gone`: the member deleted the message. `unreachable`: it may stand, but no route edits it. */
export type EditOutcome = { result: 'edited'; message: PostedMessage } | { result: 'gone' | 'unreachable' }

export interface CardMessageOptions {
  messages: Messages
  clock: Clock
  log: Log
  rememberMessage: (generationId: string, messageId: Snowflake) => Promise<void>
}

/**
 * The message that carries one generation's card, and what was learnt about the ways to it. The order of ways is the token while it lives,
 * then the same message by bot token.
 */
export interface CardMessage {
  /** Did any edit ever arrive? A first follow-up to a reply that still says “thinking…” would take its place, for everyone to read. */
  readonly settled: boolean
  readonly tokenAlive: boolean
  /** `bodyFor` is asked again for each way, because the upload limit belongs to the way. Throws what only repeating or giving up can answer. */
  edit(bodyFor: (route: Route) => { body: MessageBody; options?: EditOptions }): Promise<EditOutcome>
  /** From now on the card is this message. */
  moveTo(message: PostedMessage): Promise<void>
}

export function createCardMessage(generation: Generation, { messages, clock, log, rememberMessage }: CardMessageOptions): CardMessage {
  const { reply, channelId } = generation
  let messageId = generation.messageId
  let tokenDead = false
  let replyMessageId: Snowflake | undefined
  let replyGone = false

  const tokenAlive = () => !tokenDead && isTokenAlive(reply, clock.now())

  async function remember(message: PostedMessage): Promise<void> {
    if (message.messageId === messageId) return
    messageId = message.messageId
    try {
      await rememberMessage(generation.id, message.messageId)
    } catch (error) {
      // The card itself is right, and this process knows the id; only a crash would now lose the way to it.
      log.error({ generation: generation.id, failure: describeError(error) }, 'the id of a card could not be stored')
    }
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

  /** Only here a 401 speaks of the interaction's token; by the bot token it says that nothing can be known until that is mended. */
  async function attemptByToken(edit: () => Promise<PostedMessage>): Promise<EditOutcome | 'token-dead'> {
    try {
      return await attempt(edit)
    } catch (error) {
      if (isTokenDead(error)) return 'token-dead'
      throw error
    }
  }

  return {
    get settled() {
      return messageId !== undefined || replyGone
    },
    get tokenAlive() {
      return tokenAlive()
    },
    async edit(bodyFor) {
      if (tokenAlive() && !replyGone) {
        const { body, options } = bodyFor('token')
        const outcome = await attemptByToken(() => messages.editReply(reply, body, options))
        if (outcome === 'token-dead') {
          tokenDead = true
          log.info({ generation: generation.id }, 'the interaction token died early; going on by bot token')
        } else if (outcome.result === 'edited') {
          replyMessageId = outcome.message.messageId
          return outcome
        } else if (outcome.result === 'gone') {
          replyGone = true
        }
      }
      if (messageId === undefined || (replyGone && messageId === replyMessageId)) return { result: replyGone ? 'gone' : 'unreachable' }
      const { body, options } = bodyFor('bot')
      const known = { channelId, messageId }
      return attempt(() => messages.editMessage(known, body, options))
    },
    async moveTo(message) {
      replyGone = true
      await remember(message)
    },
  }
}
