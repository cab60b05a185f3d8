import { allComponents, componentTypes, hasFlag, messageFlags, readableText, type StoredMessage } from '../model/message.ts'
import type { World } from '../world/world.ts'

interface ShownButton {
  customId: string | undefined
  label: string
  url: string | undefined
  disabled: boolean
}

interface ShownAttachment {
  id: string
  filename: string
  contentType: string
  size: number
  /** Signed; valid for a day of Discord's clock. */
  url: string
}

/** A message as people saw it at one moment. */
export interface ShownMessage {
  id: string
  channelId: string
  /** All text: the content and every Text Display, one below the other. */
  text: string
  /** As the API returns them: with ids, defaults and signed URLs. */
  components: unknown[]
  buttons: ShownButton[]
  /** Every file of the message, also those that the API does not list because a component shows them. */
  attachments: ShownAttachment[]
  content: string
  flags: number
  ephemeral: boolean
  /** "… is thinking" */
  loading: boolean
  edited: boolean
  /** Users whom the text mentions, as far as `allowed_mentions` permits. */
  mentions: string[]
  mentionsEveryone: boolean
  /** Users whom it notified. Only a new message notifies. */
  notified: string[]
  repliesTo: string | undefined
  /** The interaction through which it was posted; undefined for a message posted with the bot token. */
  interactionId: string | undefined
  deleted: boolean
}

export function showMessage(message: StoredMessage, world: World): ShownMessage {
  return {
    id: message.id,
    channelId: message.channelId,
    text: readableText(message),
    components: world.messagePayload(message)['components'] as unknown[],
    buttons: buttonsOf(message),
    attachments: message.attachments.map(({ id, filename, contentType, size, path }) => {
      return { id, filename, contentType, size, url: world.cdn.sign(path) }
    }),
    content: message.content,
    flags: message.flags,
    ephemeral: hasFlag(message, messageFlags.ephemeral),
    loading: hasFlag(message, messageFlags.loading),
    edited: message.editedAt !== undefined,
    mentions: [...message.mentions],
    mentionsEveryone: message.mentionsEveryone,
    notified: [...message.notified],
    repliesTo: message.repliesTo,
    interactionId: message.interaction?.id,
    deleted: message.deleted,
  }
}

function buttonsOf({ components }: StoredMessage): ShownButton[] {
  return allComponents(components)
    .filter(({ type }) => type === componentTypes.button)
    .map(({ custom_id: customId, label, url, disabled }) => ({
      customId: customId ?? undefined,
      label: label ?? '',
      url: url ?? undefined,
      disabled: disabled ?? false,
    }))
}
