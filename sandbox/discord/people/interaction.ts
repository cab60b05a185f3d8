import type { StoredInteraction, SuggestedChoice } from '../model/interaction.ts'
import { hasFlag, messageFlags } from '../model/message.ts'
import type { World } from '../world/world.ts'
import { ClientRefusal } from './client-refusal.ts'
import { showMessage, type ShownMessage } from './shown-message.ts'

export interface WaitOptions {
  signal?: AbortSignal | undefined
}

export type MessagePredicate = (message: ShownMessage) => boolean

/** What a member sees of something they started: the answer, its changes, and the follow-ups. Every wait is for an event; none has a limit of its own. */
export class Interaction {
  readonly id: string
  readonly #interaction: StoredInteraction
  readonly #world: World

  constructor(interaction: StoredInteraction, world: World) {
    this.id = interaction.id
    this.#interaction = interaction
    this.#world = world
  }

  /** Bytes for each file sent with this interaction's token. */
  get attachmentSizeLimit(): number {
    return this.#interaction.attachmentSizeLimit
  }

  /** The type of the acknowledgement (4 message, 5 deferred, 6 deferred update, 7 update, 8 choices, 9 modal), once it is there. */
  acknowledged({ signal }: WaitOptions = {}): Promise<number> {
    return this.#world.changes.until(() => this.#interaction.callbackType, signal)
  }

  /** What the bot offers for the option that is being typed. Rejects once an answer has come too late, as a client then gives up. */
  choices({ signal }: WaitOptions = {}): Promise<SuggestedChoice[]> {
    return this.#world.changes.until(() => {
      const { choices } = this.#interaction
      if (!choices && this.#world.interactions.isTooLate(this.#interaction)) throw new ClientRefusal('loading the options failed')
      return choices && structuredClone(choices)
    }, signal)
  }

  /** The reply as it stands; undefined before there is one and after it was deleted. */
  currentReply(): ShownMessage | undefined {
    const message = this.#world.messages.get(this.#interaction.originalId)
    return message && showMessage(message, this.#world)
  }

  /** Waits until the reply (`@original`) fulfils the predicate; without one, until it no longer says "thinking". Rejects once the reply is deleted. */
  reply(predicate: MessagePredicate = (message) => !message.loading, { signal }: WaitOptions = {}): Promise<ShownMessage> {
    return this.#world.changes.until(() => {
      const message = this.#original()
      if (!message) return undefined
      if (message.deleted) throw new Error('The reply was deleted')
      const shown = showMessage(message, this.#world)
      return predicate(shown) ? shown : undefined
    }, signal)
  }

  replyDeleted({ signal }: WaitOptions = {}): Promise<void> {
    return this.#world.changes.until(() => this.#original()?.deleted || undefined, signal).then(() => undefined)
  }

  /** The follow-ups that are still there, in their order. */
  followUps(): ShownMessage[] {
    return this.#interaction.followUpIds
      .flatMap((id) => this.#world.messages.get(id) ?? [])
      .map((message) => showMessage(message, this.#world))
  }

  followUp(predicate: MessagePredicate = () => true, { signal }: WaitOptions = {}): Promise<ShownMessage> {
    return this.#world.changes.until(() => this.followUps().find(predicate), signal)
  }

  #original() {
    const id = this.#interaction.originalId
    return id === undefined ? undefined : this.#world.messages.everStored(id)
  }

  /** Whether the reply is for the member's eyes only; fixed by the acknowledgement. */
  get ephemeral(): boolean {
    const message = this.#original()
    return message !== undefined && hasFlag(message, messageFlags.ephemeral)
  }
}
