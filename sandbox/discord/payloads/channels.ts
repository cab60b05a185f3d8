import type { APIChannel, APIOverwrite } from 'discord-api-types/v10'

import type { ChannelRecord, Directory } from '../model/directory.ts'
import type { Wire } from './wire.ts'

export function channelPayload(channel: ChannelRecord, directory: Directory): Wire<APIChannel> {
  const guild = directory.guilds.get(channel.guildId)
  const common = { id: channel.id, name: channel.name, guild_id: channel.guildId, last_message_id: null, flags: 0, rate_limit_per_user: 0 }
  if (channel.parentId === undefined) {
    return {
      ...common,
      type: 0,
      position: 0,
      parent_id: null,
      topic: null,
      nsfw: channel.nsfw,
      permission_overwrites: overwrites(channel, directory),
    }
  }
  return {
    ...common,
    type: 11,
    parent_id: channel.parentId,
    owner_id: guild?.ownerId ?? '',
    message_count: 0,
    member_count: 1,
    total_message_sent: 0,
    thread_metadata: { archived: false, auto_archive_duration: 1440, archive_timestamp: new Date().toISOString(), locked: false },
    applied_tags: [],
  }
}

/** One overwrite for the bot, so that a client computes exactly the permissions that are enforced here. */
function overwrites(channel: ChannelRecord, directory: Directory): Wire<APIOverwrite>[] {
  const guild = directory.guilds.get(channel.guildId)
  if (!guild || channel.botPermissions === undefined) return []
  const [allow, deny] = [channel.botPermissions & ~guild.botPermissions, guild.botPermissions & ~channel.botPermissions]
  return [{ id: directory.bot.id, type: 1, allow: String(allow), deny: String(deny) }]
}
