import type { StoredInteraction, SuggestedChoice } from '../model/interaction.ts'
import type { World } from '../world/world.ts'
import { ClientRefusal } from './client-refusal.ts'
import { showMessage, type ShownMessage } from './shown-message.ts'

export interface WaitOptions {
  signal?: AbortSignal | undefined
}

export type MessagePredicate = (message: ShownMessage) => boolean

/** What a member sees of an interaction: the reply, its changes and the follow-ups. Waits have no time limit of their own. */
export class Interaction {
  readonly id: string
  readonly #interaction: StoredInteraction
  readonly #world: World

  constructor(interaction: StoredInteraction, world: World) {
    this.id = interaction.id
    this.#interaction = interaction
    this.#world = world
  }

  /**
   * Resolves with the type of the acknowledgement: 4 message, 5 deferred, 6 deferred update, 7 update, 8 choices, 9 modal. Rejects when the bot
   * responds too late, because a client shows a failure then.
   */
  acknowledged({ signal }: WaitOptions = {}): Promise<number> {
    return this.#world.changes.until(() => {
      const { callbackType } = this.#interaction
      if (callbackType === undefined && this.#isTooLate()) throw new ClientRefusal('the application did not respond')
      return callbackType
    }, signal)
  }

  /** Resolves with the suggestions for the focused option. Rejects when the bot responds too late, because a client gives up then. */
  choices({ signal }: WaitOptions = {}): Promise<SuggestedChoice[]> {
    return this.#world.changes.until(() => {
      const { choices } = this.#interaction
      if (!choices && this.#isTooLate()) throw new ClientRefusal('loading the options failed')
      return choices && structuredClone(choices)
    }, signal)
  }

  /** The reply as it is now; undefined before the first response and after a deletion. */
  currentReply(): ShownMessage | undefined {
    const message = this.#world.messages.get(this.#interaction.originalId)
    return message && showMessage(message, this.#world)
  }

  /** Waits until the reply (`@original`) matches; by default until it is no longer "thinking". Rejects when the reply is deleted. */
  reply(predicate: MessagePredicate = (message) => !message.loading, { signal }: WaitOptions = {}): Promise<ShownMessage> {
    return this.#world.changes.until(() => {
      const message = this.#world.messages.everStored(this.#interaction.originalId)
      if (!message) return undefined
      if (message.deleted) throw new Error('The reply was deleted')
      const shown = showMessage(message, this.#world)
      return predicate(shown) ? shown : undefined
    }, signal)
  }

  async replyDeleted({ signal }: WaitOptions = {}): Promise<void> {
    await this.#world.changes.until(() => this.#world.messages.everStored(this.#interaction.originalId)?.deleted || undefined, signal)
  }

  /** The follow-ups that are not deleted, in their order. */
  followUps(): ShownMessage[] {
    return this.#interaction.followUpIds
      .flatMap((id) => this.#world.messages.get(id) ?? [])
      .map((message) => showMessage(message, this.#world))
  }

  followUp(predicate: MessagePredicate = () => true, { signal }: WaitOptions = {}): Promise<ShownMessage> {
    return this.#world.changes.until(() => this.followUps().find(predicate), signal)
  }

  #isTooLate(): boolean {
    return this.#world.interactions.isTooLate(this.#interaction)
  }
}
