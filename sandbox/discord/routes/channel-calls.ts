import { type ApiCall, param } from '../http/route.ts'
import { type Access, accessTo, demandToPost } from '../model/channel-access.ts'
import type { ChannelRecord } from '../model/channels.ts'
import { refuse } from '../model/errors.ts'
import { hasFlag, messageFlags, type StoredMessage } from '../model/message.ts'
import { demand } from '../model/permissions.ts'
import type { World } from '../world/world.ts'

/** The channel of the call's path. */
export function access(call: ApiCall, world: World): Access {
  const channel = world.directory.channels.get(param(call, 'channel'))
  if (!channel) throw refuse.unknownChannel()
  return accessTo(channel, world.directory)
}

export function accessToWrite(call: ApiCall, world: World): Access {
  const { channel, permissions } = access(call, world)
  demandToPost({ channel, permissions })
  if (call.files.length > 0) demand(permissions, 'AttachFiles')
  return { channel, permissions }
}

/** Ephemeral messages do not exist for the bot token. */
export function findMessage(channel: ChannelRecord, id: string, world: World): StoredMessage | undefined {
  const message = world.messages.get(id)
  return message?.channelId === channel.id && !hasFlag(message, messageFlags.ephemeral) ? message : undefined
}

/** The message of the call's path. */
export function messageOf(call: ApiCall, channel: ChannelRecord, world: World): StoredMessage {
  const message = findMessage(channel, param(call, 'message'), world)
  if (!message) throw refuse.unknownMessage()
  return message
}
