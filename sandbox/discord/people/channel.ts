import type { ChannelRecord } from '../model/channels.ts'
import { hasFlag, messageFlags } from '../model/message.ts'
import { type PermissionName, permissionSet } from '../model/permissions.ts'
import { channelPayload } from '../payloads/channels.ts'
import type { World } from '../world/world.ts'
import type { MessagePredicate, WaitOptions } from './interaction.ts'
import type { Member } from './member.ts'
import { showMessage, type ShownMessage } from './shown-message.ts'

/** A channel or thread of a guild, as its members see it. */
export class Channel {
  readonly id: string
  readonly #record: ChannelRecord
  readonly #world: World

  constructor(record: ChannelRecord, world: World) {
    this.id = record.id
    this.#record = record
    this.#world = world
  }

  /** The messages in their order: the public ones, and those that only the given member sees. */
  messages(viewer?: Member): ShownMessage[] {
    return this.#world.messages
      .inChannel(this.id)
      .filter((message) => viewer?.sees(message) ?? !hasFlag(message, messageFlags.ephemeral))
      .map((message) => showMessage(message, this.#world))
  }

  /** Waits until a public message matches. */
  message(predicate: MessagePredicate, { signal }: WaitOptions = {}): Promise<ShownMessage> {
    return this.#world.changes.until(() => this.messages().find(predicate), signal)
  }

  setBotPermissions(permissions: readonly PermissionName[] | undefined): void {
    this.#record.botPermissions = permissions && permissionSet(permissions)
    const { directory, gateway } = this.#world
    gateway.dispatch(this.#record.guildId, 'CHANNEL_UPDATE', channelPayload(this.#record, directory))
  }

  /** Whether this is an archived thread. */
  get archived(): boolean {
    return this.#record.thread?.archived ?? false
  }

  /** Archives the thread, as a moderator or a long silence does. */
  archive(): void {
    this.#world.threads.change(this.#record, { archived: true })
  }

  /** Locks or unlocks the thread, as a moderator does. */
  setLocked(locked: boolean): void {
    this.#world.threads.change(this.#record, { locked })
  }

  /** Adds the bot to the thread, as a member does who mentions it there. */
  addBot(): void {
    this.#world.threads.addBot(this.#record)
  }

  removeBot(): void {
    this.#world.threads.removeBot(this.#record)
  }
}
