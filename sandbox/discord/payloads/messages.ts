import type { Cdn } from '../model/cdn.ts'
import type { Directory } from '../model/directory.ts'
import { referenceTypes, type StoredMessage } from '../model/message.ts'
import { attachmentPayload, shownAttachments } from './attachments.ts'
import { componentPayload } from './components.ts'
import { embedPayload } from './embeds.ts'
import { userPayload } from './people.ts'

export interface PayloadContext {
  directory: Directory
  cdn: Cdn
  applicationId: string
}

/** A message as the API returns it, with freshly signed URLs. */
export function messagePayload(message: StoredMessage, context: PayloadContext, referenced?: StoredMessage): Record<string, unknown> {
  const { directory, cdn, applicationId } = context
  const shownElsewhere = shownAttachments(message)
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
    embeds: message.embeds.map((embed) => embedPayload(embed, message, cdn)),
    // Files shown by a component (discord-api-docs pull request 8279) or an embed are not listed; that has their URL.
    attachments: message.attachments.filter(({ id }) => !shownElsewhere.has(id)).map((attachment) => attachmentPayload(attachment, cdn)),
    components: message.components.map((component) => componentPayload(component, message, cdn)),
    ...(message.nonce !== undefined && { nonce: message.nonce }),
    ...(message.interaction && {
      webhook_id: applicationId,
      application_id: applicationId,
      interaction_metadata: interactionMetadata(message.interaction, directory),
    }),
    ...(message.repliesTo !== undefined && {
      message_reference: {
        type: referenceTypes.reply,
        channel_id: message.channelId,
        message_id: message.repliesTo,
        guild_id: message.guildId,
      },
      referenced_message: referenced ? messagePayload(referenced, context) : null,
    }),
    ...(message.forwards && forwardFields(message.forwards, context)),
  }
}

const snapshotFields = [
  'type',
  'content',
  'mentions',
  'mention_roles',
  'attachments',
  'embeds',
  'timestamp',
  'edited_timestamp',
  'flags',
  'components',
]

/** A snapshot tells neither the author nor the id of the forwarded message. */
function forwardFields(forwarded: StoredMessage, context: PayloadContext) {
  const payload = messagePayload(forwarded, context)
  const { id, channelId, guildId } = forwarded
  return {
    message_reference: { type: referenceTypes.forward, channel_id: channelId, message_id: id, guild_id: guildId },
    message_snapshots: [{ message: Object.fromEntries(snapshotFields.map((field) => [field, payload[field]])) }],
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
