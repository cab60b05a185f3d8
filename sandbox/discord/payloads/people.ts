import type { APIInteractionGuildMember, APIUser } from 'discord-api-types/v10'

import type { MemberRecord, UserRecord } from '../model/directory.ts'
import type { Wire } from './wire.ts'

export function userPayload(user: UserRecord): Wire<APIUser> & { public_flags: number; flags: number; primary_guild: null } {
  return {
    id: user.id,
    username: user.name.toLowerCase().replaceAll(/[^a-z0-9_.]/g, '_'),
    discriminator: user.bot ? '0001' : '0',
    global_name: user.bot ? null : user.name,
    avatar: null,
    avatar_decoration_data: null,
    banner: null,
    accent_color: null,
    public_flags: 0,
    flags: 0,
    primary_guild: null,
    ...(user.bot && { bot: true }),
  }
}

/** The bot's own user, as the bot itself sees it. */
export function botUserPayload(bot: UserRecord) {
  return { ...userPayload(bot), verified: true, mfa_enabled: false, locale: 'en-US', email: null }
}

export function memberPayload(member: MemberRecord): Wire<APIInteractionGuildMember> {
  return {
    user: userPayload(member.user),
    roles: [],
    joined_at: member.joinedAt,
    deaf: false,
    mute: false,
    flags: 0,
    pending: false,
    avatar: null,
    banner: null,
    nick: null,
    premium_since: null,
    communication_disabled_until: null,
    permissions: String(member.permissions),
  }
}
