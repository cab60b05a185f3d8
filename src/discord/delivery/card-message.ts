import { SnowflakeUtil } from 'discord.js'

import type { Snowflake } from '../../domain/ids.ts'
import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation, Reply } from '../../generations/model/generation.ts'

import type { MessageBody } from '../cards/components.ts'
import { describeError, isEditedTooOften, isMessageGone, isTokenDead, isUneditable } from '../rest/errors.ts'
import type { EditOptions } from '../rest/messages.ts'
import { tokenExpiry } from '../rest/token-expiry.ts'

import type { DeliveryContext } from './context.ts'

/** The credential that edits the message: the interaction token or the bot token. */
type Route = 'token' | 'bot'

/** `gone`: the message was deleted. `limited`: it is old and was edited too often. `unreachable`: it may exist, but no route can edit it. */
export type EditOutcome = { result: 'edited'; message: PostedMessage } | { result: 'gone' | 'limited' | 'unreachable' }

/**
 * The message that shows one generation's card, and which routes to it still work. Edits by interaction token first, then by bot token. Keeps only what it
 * needs of the generation, because thousands of cards may be open.
 */
export class CardMessage {
  readonly #context: DeliveryContext
  readonly #id: string
  readonly #channelId: Snowflake
  readonly #reply: Reply
  #messageId: Snowflake | undefined
  #tokenDead: boolean
  #replyMessageId: Snowflake | undefined
  #replyGone = false

  constructor({ id, channelId, reply, messageId }: Generation, context: DeliveryContext) {
    this.#context = context
    this.#id = id
    this.#channelId = channelId
    this.#reply = reply
    this.#messageId = messageId
    // Erased once it expired.
    this.#tokenDead = reply.token === ''
  }

  get tokenAlive(): boolean {
    return !this.#tokenDead && this.#context.clock.now() < tokenExpiry(this.#reply.interactionId)
  }

  /** Whether the “thinking…” placeholder is gone. As long as it is shown, a follow-up would take its place and be public. */
  get placeholderReplaced(): boolean {
    return this.#messageId !== undefined || this.#replyGone
  }

  /** Milliseconds since the epoch. Discord allows fewer edits of messages that are older than an hour. */
  get createdAt(): number {
    return SnowflakeUtil.timestampFrom(this.#messageId ?? this.#reply.interactionId)
  }

  /** Calls `bodyFor` once per route, because upload limits differ. Throws the errors that say nothing about the route. */
  async edit(bodyFor: (route: Route) => { body: MessageBody; options?: EditOptions }): Promise<EditOutcome> {
    const { messages } = this.#context
    if (this.tokenAlive && !this.#replyGone) {
      const { body, options } = bodyFor('token')
      const outcome = await this.#attemptByToken(() => messages.editReply(this.#reply, body, options))
      if (outcome?.result === 'edited') {
        this.#replyMessageId = outcome.message.messageId
        return outcome
      }
      if (outcome?.result === 'gone') this.#replyGone = true
    }
    const messageId = this.#messageId
    if (messageId === undefined || (this.#replyGone && messageId === this.#replyMessageId))
      return { result: this.#replyGone ? 'gone' : 'unreachable' }
    const { body, options } = bodyFor('bot')
    const known = { channelId: this.#channelId, messageId }
    return this.#attempt(() => messages.editMessage(known, body, options))
  }

  /** The card continues in this message. */
  async moveTo(message: PostedMessage): Promise<void> {
    this.#replyGone = true
    await this.#remember(message)
  }

  async #remember({ messageId }: PostedMessage): Promise<void> {
    if (messageId === this.#messageId) return
    this.#messageId = messageId
    const { rememberMessage, log } = this.#context
    await rememberMessage(this.#id, messageId).catch((error: unknown) => {
      // The card is correct, and this process knows the id. Only a crash would lose it.
      log.error({ generation: this.#id, failure: describeError(error) }, 'card message id not stored')
    })
  }

  async #attempt(edit: () => Promise<PostedMessage>): Promise<EditOutcome> {
    try {
      const message = await edit()
      await this.#remember(message)
      return { result: 'edited', message }
    } catch (error) {
      if (isMessageGone(error)) return { result: 'gone' }
      if (isEditedTooOften(error)) return { result: 'limited' }
      if (isUneditable(error)) return { result: 'unreachable' }
      throw error
    }
  }

  /** Undefined if the token is dead. Only by this route does a 401 response concern the interaction token. */
  async #attemptByToken(edit: () => Promise<PostedMessage>): Promise<EditOutcome | undefined> {
    try {
      return await this.#attempt(edit)
    } catch (error) {
      if (!isTokenDead(error)) throw error
      this.#tokenDead = true
      this.#context.log.info({ generation: this.#id }, 'interaction token expired early; switching to the bot token')
      return undefined
    }
  }
}
