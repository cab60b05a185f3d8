import type { APIGuild, APIRole, GatewayGuildCreateDispatchData } from 'discord-api-types/v10'

import { isVisible } from '../model/channel-access.ts'
import type { ChannelRecord } from '../model/channels.ts'
import type { Directory, GuildRecord } from '../model/directory.ts'
import { channelPayload } from './channels.ts'
import { userPayload } from './people.ts'
import type { Wire } from './wire.ts'

/** What the API and GUILD_CREATE both tell of a guild. The bot's permissions come from its own role alone. */
function commonPayload(guild: GuildRecord, directory: Directory) {
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    owner_id: guild.ownerId,
    afk_channel_id: null,
    afk_timeout: 300 as const,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    roles: [rolePayload(guild.id, '@everyone', 0n, 0), botRolePayload(guild, directory)],
    emojis: [],
    features: [],
    mfa_level: 0,
    application_id: null,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    vanity_url_code: null,
    description: null,
    banner: null,
    premium_tier: guild.premiumTier,
    premium_subscription_count: 0,
    preferred_locale: 'en-US',
    public_updates_channel_id: null,
    nsfw_level: 0,
    premium_progress_bar_enabled: false,
    safety_alerts_channel_id: null,
    hub_type: null,
    incidents_data: null,
    stickers: [],
  }
}

/** The guild as GUILD_CREATE carries it. */
export function guildPayload(guild: GuildRecord, directory: Directory): Wire<GatewayGuildCreateDispatchData> {
  const channels = directory.channelsOf(guild.id)
  /** Archived threads, and those that the bot cannot see, are left out. */
  const isActive = (channel: ChannelRecord) => channel.thread?.archived === false && isVisible(channel, directory)
  const payloadOf = (channel: ChannelRecord) => channelPayload(channel, directory)
  return {
    ...commonPayload(guild, directory),
    joined_at: guild.createdAt,
    large: false,
    unavailable: false,
    member_count: memberCount(guild, directory),
    voice_states: [],
    members: [
      { user: userPayload(directory.bot), roles: [guild.botRoleId], joined_at: guild.createdAt, deaf: false, mute: false, flags: 0 },
    ],
    channels: channels.filter(({ thread }) => !thread).map(payloadOf) as Wire<GatewayGuildCreateDispatchData['channels']>,
    threads: channels.filter(isActive).map(payloadOf) as Wire<GatewayGuildCreateDispatchData['threads']>,
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  }
}

/** Discord still sends the deprecated `region`, and two fields that the types do not know. */
type RestGuildPayload = Wire<Omit<APIGuild, 'region'>> & { region: string; nsfw: boolean; home_header: null }

/** The guild as the API returns it: without its channels and members, but with its limits. */
export function restGuildPayload(guild: GuildRecord, directory: Directory, { withCounts }: { withCounts: boolean }): RestGuildPayload {
  const members = memberCount(guild, directory)
  return {
    ...commonPayload(guild, directory),
    home_header: null,
    region: 'deprecated',
    nsfw: false,
    widget_enabled: false,
    widget_channel_id: null,
    max_presences: null,
    max_members: 25_000_000,
    max_video_channel_users: 25,
    max_stage_video_channel_users: 50,
    // Nobody's presence is known here but the bot's.
    ...(withCounts && { approximate_member_count: members, approximate_presence_count: 1 }),
  }
}

function memberCount({ id }: GuildRecord, { members }: Directory): number {
  return 1 + members.filter(({ guildId }) => guildId === id).length
}

/** Discord still sends the deprecated `color`. */
type RolePayload = Wire<Omit<APIRole, 'color'>> & { color: number }

export function botRolePayload(guild: GuildRecord, directory: Directory): RolePayload {
  return rolePayload(guild.botRoleId, directory.bot.name, guild.botPermissions, 1)
}

function rolePayload(id: string, name: string, permissions: bigint, position: number): RolePayload {
  return {
    id,
    name,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    position,
    permissions: String(permissions),
    managed: position > 0,
    mentionable: false,
    flags: 0,
    icon: null,
    unicode_emoji: null,
  }
}
