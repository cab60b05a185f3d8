import type { APIChannel, APIOverwrite, APIThreadMember } from 'discord-api-types/v10'

import { type ChannelRecord, channelTypes, isVoice, type ThreadState } from '../model/channels.ts'
import type { Directory } from '../model/directory.ts'
import type { Wire } from './wire.ts'

export function channelPayload(channel: ChannelRecord, directory: Directory): Wire<APIChannel> {
  const type = channelTypes[channel.kind]
  const common = { id: channel.id, name: channel.name, guild_id: channel.guildId, last_message_id: null, flags: 0, rate_limit_per_user: 0 }
  const { thread } = channel
  if (thread) {
    return {
      ...common,
      type,
      parent_id: channel.parentId ?? null,
      owner_id: directory.guilds.get(channel.guildId)?.ownerId ?? '',
      message_count: 0,
      member_count: 1,
      total_message_sent: 0,
      thread_metadata: threadMetadata(channel, thread),
      applied_tags: [],
      ...(thread.botJoined && { member: threadMemberPayload(channel, directory.bot.id) }),
    }
  }
  const topLevel = {
    ...common,
    type,
    position: 0,
    parent_id: null,
    topic: null,
    nsfw: channel.nsfw,
    permission_overwrites: overwrites(channel, directory),
  }
  if (isVoice(channel)) return { ...topLevel, bitrate: 64_000, user_limit: 0, rtc_region: null }
  if (channel.kind !== 'forum') return topLevel
  return { ...topLevel, available_tags: [], default_reaction_emoji: null, default_sort_order: null, default_forum_layout: 0 }
}

/** The part of a channel that an interaction carries, with the member's permissions in it. */
export function interactionChannelPayload(channel: ChannelRecord, memberPermissions: bigint, directory: Directory) {
  const { id, guildId, name, kind, parentId, thread } = channel
  const parent = parentId === undefined ? undefined : directory.channels.get(parentId)
  return {
    ...{ id, type: channelTypes[kind], name, guild_id: guildId, last_message_id: null, flags: 0, rate_limit_per_user: 0 },
    parent_id: parentId ?? null,
    nsfw: (parent ?? channel).nsfw,
    ...(thread ? { thread_metadata: threadMetadata(channel, thread) } : { topic: null, position: 0 }),
    permissions: String(memberPermissions),
  }
}

/** The bot as a member of the thread. */
export function threadMemberPayload({ id, thread }: ChannelRecord, botId: string): Wire<APIThreadMember> {
  return { id, user_id: botId, join_timestamp: thread?.archiveChangedAt ?? '', flags: 0 }
}

function threadMetadata({ kind }: ChannelRecord, { archived, locked, autoArchiveMinutes, archiveChangedAt }: ThreadState) {
  return {
    ...{ archived, locked, auto_archive_duration: autoArchiveMinutes, archive_timestamp: archiveChangedAt },
    ...(kind === 'privateThread' && { invitable: true }),
  }
}

/** One overwrite for the bot, so that a client computes exactly the permissions that are enforced here. */
function overwrites(channel: ChannelRecord, directory: Directory): Wire<APIOverwrite>[] {
  const guild = directory.guilds.get(channel.guildId)
  if (!guild || channel.botPermissions === undefined) return []
  const [allow, deny] = [channel.botPermissions & ~guild.botPermissions, guild.botPermissions & ~channel.botPermissions]
  return [{ id: directory.bot.id, type: 1, allow: String(allow), deny: String(deny) }]
}
