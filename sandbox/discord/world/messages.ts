import type { Cdn } from '../model/cdn.ts'
import type { Changes } from '../model/changes.ts'
import type { DiscordClock } from '../model/clock.ts'
import { contentTypeOf, storedFilename } from '../model/file-types.ts'
import { imageSizeOf } from '../model/image-size.ts'
import {
  type Component,
  messageFlags,
  type MessageForm,
  type PlannedAttachments,
  readableText,
  type StoredAttachment,
  type StoredMessage,
} from '../model/message.ts'
import type { SnowflakeSource } from '../model/snowflakes.ts'
import { mentionedBy, notifies } from './mentions.ts'

export interface NewMessage {
  channelId: string
  guildId: string | undefined
  type: number
  flags: number
  repliesTo?: string | undefined
  interaction?: StoredMessage['interaction']
  mayMentionEveryone: boolean
}

/** The messages, their files, and what each change announces. */
export class Messages {
  readonly #snowflakes: SnowflakeSource
  readonly #cdn: Cdn
  readonly #changes: Changes
  readonly #clock: DiscordClock
  readonly #applicationId: string
  readonly #messages = new Map<string, StoredMessage>()

  constructor(context: { snowflakes: SnowflakeSource; cdn: Cdn; changes: Changes; clock: DiscordClock; applicationId: string }) {
    this.#snowflakes = context.snowflakes
    this.#cdn = context.cdn
    this.#changes = context.changes
    this.#clock = context.clock
    this.#applicationId = context.applicationId
  }

  /** A message that exists and was not deleted. */
  get(id: string | undefined): StoredMessage | undefined {
    const message = id === undefined ? undefined : this.#messages.get(id)
    return message?.deleted ? undefined : message
  }

  /** Also a deleted one. */
  everStored(id: string): StoredMessage | undefined {
    return this.#messages.get(id)
  }

  inChannel(channelId: string): StoredMessage[] {
    return [...this.#messages.values()].filter((message) => message.channelId === channelId && !message.deleted)
  }

  create(start: NewMessage, form: MessageForm, plan: PlannedAttachments): StoredMessage {
    const message: StoredMessage = {
      id: this.#snowflakes.next(),
      channelId: start.channelId,
      guildId: start.guildId,
      type: start.type,
      content: form.content ?? '',
      embeds: form.embeds ?? [],
      components: numbered(form.components ?? []),
      attachments: [],
      flags: start.flags,
      nonce: form.nonce === undefined || form.nonce === null ? undefined : String(form.nonce),
      repliesTo: start.repliesTo,
      interaction: start.interaction,
      createdAt: new Date(this.#clock.now()).toISOString(),
      editedAt: undefined,
      mentions: [],
      mentionedRoles: [],
      mentionsEveryone: false,
      notified: [],
      deleted: false,
    }
    this.#attach(message, plan)
    this.#mention(message, form, start.mayMentionEveryone)
    if (notifies(message.flags)) message.notified = [...message.mentions]
    this.#messages.set(message.id, message)
    this.#changes.announce({ kind: 'message', action: 'created', message })
    return message
  }

  /** Keeps what the form leaves out. The first edit ends the loading state; Components V2 can be switched on and never off; nobody is notified. */
  edit(message: StoredMessage, form: MessageForm, plan: PlannedAttachments): StoredMessage {
    if (form.content !== undefined) message.content = form.content ?? ''
    if (form.embeds !== undefined) message.embeds = form.embeds ?? []
    if (form.components !== undefined) message.components = numbered(form.components ?? [])
    const settable = messageFlags.suppressEmbeds | messageFlags.componentsV2
    const kept = message.flags & ~messageFlags.loading
    const always = kept & ~messageFlags.suppressEmbeds
    message.flags = typeof form.flags !== 'number' ? kept : always | (form.flags & settable)
    this.#attach(message, plan)
    this.#mention(message, form, message.mentionsEveryone)
    message.editedAt = new Date(this.#clock.now()).toISOString()
    this.#changes.announce({ kind: 'message', action: 'edited', message })
    return message
  }

  delete(message: StoredMessage): void {
    message.deleted = true
    for (const { path } of message.attachments) this.#cdn.remove(path)
    this.#changes.announce({ kind: 'message', action: 'deleted', message })
  }

  #mention(message: StoredMessage, form: MessageForm, mayMentionEveryone: boolean): void {
    const mentioned = mentionedBy(readableText(message), form.allowed_mentions, mayMentionEveryone)
    message.mentions = mentioned.users
    message.mentionedRoles = mentioned.roles
    message.mentionsEveryone = mentioned.everyone
  }

  #attach(message: StoredMessage, plan: PlannedAttachments): void {
    const keptIds = new Set(plan.kept.map(({ id }) => id))
    for (const attachment of message.attachments) if (!keptIds.has(attachment.id)) this.#cdn.remove(attachment.path)
    message.attachments = [...plan.kept, ...plan.added.map((file) => this.#store(message, file))]
  }

  #store(message: StoredMessage, file: PlannedAttachments['added'][number]): StoredAttachment {
    const [id, filename] = [this.#snowflakes.next(), storedFilename(file.name)]
    const ephemeral = (message.flags & messageFlags.ephemeral) !== 0
    const path = ephemeral
      ? `/ephemeral-attachments/${this.#applicationId}/${id}/${filename}`
      : `/attachments/${message.channelId}/${id}/${filename}`
    const contentType = contentTypeOf(filename)
    this.#cdn.put(path, { bytes: file.bytes, contentType })
    return {
      id,
      uploadedName: file.name,
      filename,
      contentType,
      size: file.bytes.length,
      ...imageSizeOf(file.bytes),
      description: file.description,
      path,
      ephemeral,
    }
  }
}

/** Gives every component without an id of its own the next free number, in reading order, as Discord does. */
function numbered(components: readonly Component[]): Component[] {
  const taken = new Set<number>()
  collectIds(components, taken)
  let next = 1
  const visit = (component: Component): Component => {
    let id = component.id ?? 0
    if (!id) {
      while (taken.has(next)) next += 1
      id = next
      taken.add(id)
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

function collectIds(components: readonly Component[], into: Set<number>): void {
  for (const component of components) {
    if (component.id) into.add(component.id)
    collectIds([...(component.components ?? []), ...(component.accessory ? [component.accessory] : [])], into)
  }
}
