import { componentTypes, hasFlag, messageFlags, readableText, type StoredMessage, walkComponents } from '../model/message.ts'
import { attachmentPayload } from '../payloads/messages.ts'
import type { World } from '../world/world.ts'

export interface ShownButton {
  customId: string | undefined
  label: string
  style: number
  url: string | undefined
  disabled: boolean
}

export interface ShownAttachment {
  id: string
  filename: string
  contentType: string
  size: number
  /** Signed; works for a day of Discord's clock. */
  url: string
  width: number | undefined
  height: number | undefined
}

/** A message as it stood at one moment, in the words of whoever looks at it. */
export interface ShownMessage {
  id: string
  channelId: string
  /** Everything a person reads: the content and all Text Displays, one below the other. */
  text: string
  /** As the API answers them: with ids, defaults and signed URLs. */
  components: unknown[]
  buttons: ShownButton[]
  /** Every file of the message, also those that the API's own list leaves out because a component shows them. */
  attachments: ShownAttachment[]
  content: string
  embeds: unknown[]
  flags: number
  ephemeral: boolean
  /** "… is thinking" */
  loading: boolean
  edited: boolean
  /** Users whom the text mentions and `allowed_mentions` lets it mention. */
  mentions: string[]
  mentionsEveryone: boolean
  /** Users who were really called by it, which only a new message does. */
  notified: string[]
  repliesTo: string | undefined
  /** The interaction through which it was posted; undefined when it was posted with the bot's token. */
  interactionId: string | undefined
  createdAt: string
  deleted: boolean
}

export function showMessage(message: StoredMessage, world: World): ShownMessage {
  const payload = world.messagePayload(message)
  return {
    id: message.id,
    channelId: message.channelId,
    text: readableText(message),
    components: payload['components'] as unknown[],
    buttons: buttonsOf(message),
    attachments: message.attachments.map((attachment) => ({
      id: attachment.id,
      filename: attachment.filename,
      contentType: attachment.contentType,
      size: attachment.size,
      url: attachmentPayload(attachment, world.cdn)['url'] as string,
      width: attachment.width,
      height: attachment.height,
    })),
    content: message.content,
    embeds: structuredClone(message.embeds),
    flags: message.flags,
    ephemeral: hasFlag(message, messageFlags.ephemeral),
    loading: hasFlag(message, messageFlags.loading),
    edited: message.editedAt !== undefined,
    mentions: [...message.mentions],
    mentionsEveryone: message.mentionsEveryone,
    notified: [...message.notified],
    repliesTo: message.repliesTo,
    interactionId: message.interaction?.id,
    createdAt: message.createdAt,
    deleted: message.deleted,
  }
}

export function buttonsOf(message: StoredMessage): ShownButton[] {
  const buttons: ShownButton[] = []
  walkComponents(message.components, (component) => {
    if (component.type !== componentTypes.button) return
    buttons.push({
      customId: component.custom_id ?? undefined,
      label: component.label ?? '',
      style: component.style ?? 0,
      url: component.url ?? undefined,
      disabled: component.disabled ?? false,
    })
  })
  return buttons
}
