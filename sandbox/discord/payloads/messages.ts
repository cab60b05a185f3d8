import type { APIAttachment } from 'discord-api-types/v10'

import type { Cdn } from '../model/cdn.ts'
import type { Directory } from '../model/directory.ts'
import { allComponents, type Component, componentTypes, type StoredAttachment, type StoredMessage } from '../model/message.ts'
import { userPayload } from './people.ts'
import type { Wire } from './wire.ts'

export interface PayloadContext {
  directory: Directory
  cdn: Cdn
  applicationId: string
}

/** A message as the API returns it, with freshly signed URLs. */
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
    // Files shown by a component are not listed (discord-api-docs pull request 8279); the component has their URL.
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
        guild_id: message.guildId,
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
    authorizing_integration_owners: { 0: interaction.guildId },
    ...(user && { user: userPayload(user) }),
    ...(interaction.pressedMessageId && { interacted_message_id: interaction.pressedMessageId }),
  }
}

export function attachmentPayload(attachment: StoredAttachment, cdn: Cdn): Wire<APIAttachment> {
  return {
    id: attachment.id,
    filename: attachment.filename,
    size: attachment.size,
    ...fileFields(attachment, cdn),
    ...(attachment.description !== undefined && { description: attachment.description }),
    ...(attachment.ephemeral && { ephemeral: true }),
  }
}

function fileFields({ path, contentType, width, height }: StoredAttachment, cdn: Cdn) {
  const url = cdn.sign(path)
  return { url, proxy_url: url, content_type: contentType, ...(width !== undefined && height !== undefined && { width, height }) }
}

/** The ids of the attachments that a component refers to. */
function referencedAttachments(message: StoredMessage): Set<string> {
  const urls = allComponents(message.components).flatMap(({ media, file, items = [] }) =>
    [media, file, ...items.map((item) => item.media)].flatMap((shown) => shown?.url ?? []),
  )
  return new Set(urls.flatMap((url) => attachmentBehind(url, message)?.id ?? []))
}

function attachmentBehind(url: string, message: StoredMessage): StoredAttachment | undefined {
  const name = url.startsWith('attachment://') ? url.slice('attachment://'.length) : undefined
  return message.attachments.find(({ uploadedName, filename }) => name === uploadedName || name === filename)
}

/** Adds what Discord adds: defaults, and the real URLs of media. */
function componentPayload(component: Component, message: StoredMessage, cdn: Cdn): Record<string, unknown> {
  const media = (url = '') => mediaPayload(url, component.id ?? 0, message, cdn)
  const filled: Record<string, unknown> = Object.fromEntries(
    Object.entries(component).filter(([, value]) => value !== null && value !== undefined),
  )
  if (component.components) filled['components'] = component.components.map((inner) => componentPayload(inner, message, cdn))
  if (component.accessory) filled['accessory'] = componentPayload(component.accessory, message, cdn)
  const { description = null, spoiler } = component
  switch (component.type) {
    case componentTypes.container:
      return { ...filled, accent_color: component.accent_color ?? null, spoiler: spoiler ?? false }
    case componentTypes.separator:
      return { ...filled, spacing: component.spacing ?? 1, divider: component.divider ?? true }
    case componentTypes.thumbnail:
      return { ...filled, media: media(component.media?.url), description, spoiler: spoiler ?? false }
    case componentTypes.mediaGallery: {
      const items = component.items?.map((item) => ({
        media: media(item.media.url),
        description: item.description ?? null,
        spoiler: item.spoiler ?? false,
      }))
      return { ...filled, items }
    }
    case componentTypes.file: {
      const { filename = null, size = null } = attachmentBehind(component.file?.url ?? '', message) ?? {}
      return { ...filled, file: media(component.file?.url), name: filename, size, spoiler: spoiler ?? false }
    }
    default:
      return filled
  }
}

function mediaPayload(url: string, componentId: number, message: StoredMessage, cdn: Cdn): Record<string, unknown> {
  // Media items have an id of their own: the message's, shifted by the component's number.
  const id = String(BigInt(message.id) + BigInt(componentId))
  const attachment = attachmentBehind(url, message)
  return attachment ? { id, ...fileFields(attachment, cdn), attachment_id: attachment.id } : { id, url, proxy_url: url }
}
