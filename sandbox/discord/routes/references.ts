import type { ApiCall, ApiResponse } from '../http/route.ts'
import { type Access, isVisible } from '../model/channel-access.ts'
import type { ChannelRecord } from '../model/channels.ts'
import type { Directory } from '../model/directory.ts'
import { refuse } from '../model/errors.ts'
import { formError, issue, missing, refuseForm } from '../model/form-issues.ts'
import { type MessageForm, messageFlags, referenceTypes, type StoredMessage } from '../model/message.ts'
import { allows } from '../model/permissions.ts'
import { planAttachments } from '../validation/attachment-plan.ts'
import { requestIssues } from '../validation/spec.ts'
import type { World } from '../world/world.ts'
import { findMessage } from './channel-calls.ts'
import { messageResponse } from './message-writing.ts'

/** The message that is replied to. */
export function readReference(form: MessageForm, { channel, permissions }: Access, world: World): string | undefined {
  const reference = form.message_reference
  if (!reference) return undefined
  if (!allows(permissions, 'ReadMessageHistory')) throw refuse.cannotReplyWithoutHistory()
  if (findMessage(channel, reference.message_id, world)) return reference.message_id
  if (reference.fail_if_not_exists !== false) refuseForm([issue(['message_reference'], 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message')])
  return undefined
}

export function isForward(body: unknown): boolean {
  return (body as MessageForm | undefined)?.message_reference?.type === referenceTypes.forward
}

/** Posts a snapshot of a message that the bot can read. */
export function forward(call: ApiCall, channel: ChannelRecord, world: World): ApiResponse {
  const { message_reference: reference, ...rest } = call.json as MessageForm
  // The specification does not know forwards yet, so it judges the reference as that of a reply.
  refuseForm(requestIssues('create_message', { ...rest, message_reference: { ...reference, type: referenceTypes.reply } }))
  if (!reference?.channel_id) throw formError([missing(['message_reference', 'channel_id'])])
  if (rest.content || rest.embeds?.length || rest.components?.length || call.files.length > 0) throw refuse.forwardWithContent()
  const source = readableMessage(reference.channel_id, reference.message_id, world)
  if (isNsfw(source.channelId, world.directory) && !isNsfw(channel.id, world.directory)) throw refuse.nsfwReference()
  world.threads.openForMessage(channel.id)
  const flags = messageFlags.hasSnapshot | ((rest.flags ?? 0) & messageFlags.suppressNotifications)
  const start = { channelId: channel.id, guildId: channel.guildId, type: 0, flags, forwards: source }
  return messageResponse(world.messages.create(start, rest, planAttachments(undefined, [], undefined)), world)
}

/** The statuses of these refusals are not documented; they follow that of a reply without the message history. */
function readableMessage(channelId: string, messageId: string, world: World): StoredMessage {
  const channel = world.directory.channels.get(channelId)
  const permissions = channel && world.directory.botPermissionsIn(channel)
  if (!channel || permissions === undefined || !isVisible(channel, world.directory)) throw refuse.cannotForwardUnreadable()
  if (!allows(permissions, 'ReadMessageHistory')) throw refuse.cannotReferenceWithoutHistory()
  const message = findMessage(channel, messageId, world)
  if (!message) throw refuse.referenceNotFound()
  return message
}

/** A thread is as age-restricted as its channel. */
function isNsfw(channelId: string, { channels }: Directory): boolean {
  const channel = channels.get(channelId)
  return (channel?.parentId === undefined ? channel : channels.get(channel.parentId))?.nsfw ?? false
}
