import type { Cdn } from '../model/cdn.ts'
import type { Directory } from '../model/directory.ts'
import { type Component, componentTypes, type StoredAttachment, type StoredMessage, walkComponents } from '../model/message.ts'
import { userPayload } from './people.ts'

export interface PayloadContext {
  directory: Directory
  cdn: Cdn
  applicationId: string
}

/** A message as Discord answers it, with freshly signed URLs. */
export function messagePayload(message: StoredMessage, context: PayloadContext, referenced?: StoredMessage): Record<string, unknown> {
  const { directory, cdn, applicationId } = context
  const shownByComponents = referencedAttachments(message)
  return {
    id: message.id,
    channel_id: message.channelId,
    type: message.type,
    content: message.content,
    author: userPayload(directory.bot),
    timestamp: message.createdAt,
    edited_timestamp: message.editedAt ?? null,
    tts: false,
    pinned: false,
    flags: message.flags,
    mention_everyone: message.mentionsEveryone,
    mentions: message.mentions.flatMap((id) => directory.users.get(id) ?? []).map(userPayload),
    mention_roles: message.mentionedRoles,
    embeds: message.embeds,
    // What components show is left out of the list (discord-api-docs pull request 8279); its URL stands in the component.
    attachments: message.attachments.filter(({ id }) => !shownByComponents.has(id)).map((attachment) => attachmentPayload(attachment, cdn)),
    components: message.components.map((component) => componentPayload(component, message, cdn)),
    ...(message.nonce !== undefined && { nonce: message.nonce }),
    ...(message.interaction && {
      webhook_id: applicationId,
      application_id: applicationId,
      interaction_metadata: interactionMetadata(message.interaction, directory),
    }),
    ...(message.repliesTo !== undefined && {
      message_reference: {
        type: 0,
        channel_id: message.channelId,
        message_id: message.repliesTo,
        ...(message.guildId && { guild_id: message.guildId }),
      },
      referenced_message: referenced ? messagePayload(referenced, context) : null,
    }),
  }
}

function interactionMetadata(interaction: NonNullable<StoredMessage['interaction']>, directory: Directory): unknown {
  const user = directory.users.get(interaction.userId)
  return {
    id: interaction.id,
    type: interaction.type,
    authorizing_integration_owners: interaction.ownerKeys,
    ...(user && { user: userPayload(user) }),
    ...(interaction.pressedMessageId && { interacted_message_id: interaction.pressedMessageId }),
  }
}

export function attachmentPayload(attachment: StoredAttachment, cdn: Cdn): Record<string, unknown> {
  const url = cdn.sign(attachment.path)
  return {
    id: attachment.id,
    filename: attachment.filename,
    size: attachment.size,
    url,
    proxy_url: url,
    content_type: attachment.contentType,
    ...(attachment.width !== undefined && { width: attachment.width, height: attachment.height }),
    ...(attachment.description !== undefined && { description: attachment.description }),
    ...(attachment.ephemeral && { ephemeral: true }),
  }
}

/** The ids of the attachments that some component refers to. */
function referencedAttachments(message: StoredMessage): Set<string> {
  const found = new Set<string>()
  walkComponents(message.components, (component) => {
    for (const { url } of [component.media, component.file, ...(component.items ?? []).map(({ media }) => media)].filter(
      (media) => media !== undefined,
    )) {
      const attachment = attachmentBehind(url, message)
      if (attachment) found.add(attachment.id)
    }
  })
  return found
}

function attachmentBehind(url: string, message: StoredMessage): StoredAttachment | undefined {
  const name = url.startsWith('attachment://') ? url.slice('attachment://'.length) : undefined
  return message.attachments.find(({ uploadedName, filename }) => name === uploadedName || name === filename)
}

/** Fills in what Discord fills in: defaults, and the media's real URL. */
function componentPayload(component: Component, message: StoredMessage, cdn: Cdn): Record<string, unknown> {
  const media = (url: string) => mediaPayload(url, component.id ?? 0, message, cdn)
  const filled: Record<string, unknown> = Object.fromEntries(
    Object.entries(component).filter(([, value]) => value !== null && value !== undefined),
  )
  if (component.components) filled['components'] = component.components.map((inner) => componentPayload(inner, message, cdn))
  if (component.accessory) filled['accessory'] = componentPayload(component.accessory, message, cdn)
  switch (component.type) {
    case componentTypes.container:
      return { ...filled, accent_color: component.accent_color ?? null, spoiler: component.spoiler ?? false }
    case componentTypes.separator:
      return { ...filled, spacing: component.spacing ?? 1, divider: component.divider ?? true }
    case componentTypes.thumbnail:
      return {
        ...filled,
        media: media(component.media?.url ?? ''),
        description: component.description ?? null,
        spoiler: component.spoiler ?? false,
      }
    case componentTypes.mediaGallery:
      return {
        ...filled,
        items: component.items?.map((item) => ({
          media: media(item.media.url),
          description: item.description ?? null,
          spoiler: item.spoiler ?? false,
        })),
      }
    case componentTypes.file: {
      const attachment = attachmentBehind(component.file?.url ?? '', message)
      return {
        ...filled,
        file: media(component.file?.url ?? ''),
        name: attachment?.filename ?? null,
        size: attachment?.size ?? null,
        spoiler: component.spoiler ?? false,
      }
    }
    default:
      return filled
  }
}

function mediaPayload(url: string, componentId: number, message: StoredMessage, cdn: Cdn): Record<string, unknown> {
  const attachment = attachmentBehind(url, message)
  // An id of its own for the media item: the message's, moved by the component's number.
  const id = String(BigInt(message.id) + BigInt(componentId))
  if (!attachment) return { id, url, proxy_url: url }
  const signed = cdn.sign(attachment.path)
  return {
    id,
    url: signed,
    proxy_url: signed,
    content_type: attachment.contentType,
    attachment_id: attachment.id,
    ...(attachment.width !== undefined && { width: attachment.width, height: attachment.height }),
  }
}
