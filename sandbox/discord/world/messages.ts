import type { Changes } from '../model/changes.ts'
import type { DiscordClock } from '../model/clock.ts'
import {
  allComponents,
  type Component,
  hasFlag,
  messageFlags,
  type MessageForm,
  type MessageStart,
  type PlannedAttachments,
  readableText,
  type StoredMessage,
} from '../model/message.ts'
import { mentionedBy } from './mentions.ts'
import { copyFile, type FileContext, storeFile } from './store-file.ts'

export interface MessagesContext extends FileContext {
  changes: Changes
  clock: DiscordClock
}

/** The messages and their files. */
export class Messages {
  readonly #context: MessagesContext
  readonly #messages = new Map<string, StoredMessage>()

  constructor(context: MessagesContext) {
    this.#context = context
  }

  /** The message, unless it was deleted. */
  get(id: string | undefined): StoredMessage | undefined {
    const message = this.everStored(id)
    return message?.deleted ? undefined : message
  }

  /** The message, also after it was deleted. */
  everStored(id: string | undefined): StoredMessage | undefined {
    return id === undefined ? undefined : this.#messages.get(id)
  }

  inChannel(channelId: string): StoredMessage[] {
    return [...this.#messages.values()].filter((message) => message.channelId === channelId && !message.deleted)
  }

  create(start: MessageStart, form: MessageForm, plan: PlannedAttachments, mayMentionEveryone = false): StoredMessage {
    const message: StoredMessage = {
      ...start,
      id: this.#context.snowflakes.next(),
      content: form.content ?? '',
      embeds: form.embeds ?? [],
      components: numbered(form.components ?? []),
      attachments: [],
      nonce: form.nonce === undefined || form.nonce === null ? undefined : String(form.nonce),
      createdAt: this.#context.clock.timestamp(),
      editedAt: undefined,
      mentions: [],
      mentionedRoles: [],
      mentionsEveryone: false,
      notified: [],
      deleted: false,
    }
    this.#attach(message, plan)
    if (start.forwards) message.forwards = this.#snapshot(start.forwards, message.channelId)
    this.#mention(message, form, mayMentionEveryone)
    const isSilent = hasFlag(message, messageFlags.suppressNotifications | messageFlags.ephemeral)
    if (!isSilent) message.notified = [...message.mentions]
    this.#messages.set(message.id, message)
    this.#context.changes.announce({ kind: 'message', message })
    return message
  }

  /** Keeps what the form leaves out. The first edit ends the loading state; Components V2 can be switched on but never off. */
  edit(message: StoredMessage, form: MessageForm, plan: PlannedAttachments): StoredMessage {
    if (form.content !== undefined) message.content = form.content ?? ''
    if (form.embeds !== undefined) message.embeds = form.embeds ?? []
    if (form.components !== undefined) message.components = numbered(form.components ?? [])
    message.flags &= ~messageFlags.loading
    if (typeof form.flags === 'number') {
      const settable = messageFlags.suppressEmbeds | messageFlags.componentsV2
      message.flags = (message.flags & ~messageFlags.suppressEmbeds) | (form.flags & settable)
    }
    this.#attach(message, plan)
    this.#mention(message, form, message.mentionsEveryone)
    message.editedAt = this.#context.clock.timestamp()
    this.#context.changes.announce({ kind: 'message', message })
    return message
  }

  delete(message: StoredMessage): void {
    message.deleted = true
    for (const { path } of [message, message.forwards].flatMap((part) => part?.attachments ?? [])) this.#context.cdn.remove(path)
    this.#context.changes.announce({ kind: 'message', message })
  }

  /** Later changes of the message change nothing in it. A forwarded forward is not wrapped again. */
  #snapshot(message: StoredMessage, channelId: string): StoredMessage {
    const original = message.forwards ?? message
    const attachments = original.attachments.map((attachment) => copyFile(attachment, channelId, this.#context))
    return { ...structuredClone(original), attachments }
  }

  #mention(message: StoredMessage, form: MessageForm, mayMentionEveryone: boolean): void {
    // Without `allowed_mentions`, an interaction's messages mention users only (discord-api-docs pull request 7629).
    const allowed = form.allowed_mentions ?? (message.interaction && { parse: ['users'] })
    const { users, roles, everyone } = mentionedBy(readableText(message), allowed, mayMentionEveryone)
    message.mentions = users
    message.mentionedRoles = roles
    message.mentionsEveryone = everyone
  }

  #attach(message: StoredMessage, plan: PlannedAttachments): void {
    const keptIds = new Set(plan.kept.map(({ id }) => id))
    for (const { id, path } of message.attachments) if (!keptIds.has(id)) this.#context.cdn.remove(path)
    const channelId = hasFlag(message, messageFlags.ephemeral) ? undefined : message.channelId
    message.attachments = [...plan.kept, ...plan.added.map((file) => storeFile(file, channelId, this.#context))]
  }
}

/** Gives every component without an id the next free number, in reading order, as Discord does. */
function numbered(components: readonly Component[]): Component[] {
  const taken = new Set(allComponents(components).map(({ id }) => id))
  let next = 1
  const visit = (component: Component): Component => {
    while (taken.has(next)) next += 1
    let id = component.id ?? 0
    if (id === 0) {
      id = next
      next += 1
    }
    return {
      ...component,
      id,
      ...(component.components && { components: component.components.map(visit) }),
      ...(component.accessory && { accessory: visit(component.accessory) }),
    }
  }
  return components.map(visit)
}
