import type { ChannelRecord } from './channels.ts'

export interface UserRecord {
  id: string
  name: string
  bot: boolean
}

export interface MemberRecord {
  user: UserRecord
  guildId: string
  permissions: bigint
  joinedAt: string
}

export interface GuildRecord {
  id: string
  name: string
  ownerId: string
  premiumTier: 0 | 1 | 2 | 3
  botIsMember: boolean
  botPermissions: bigint
  botRoleId: string
  createdAt: string
}

/** Users, guilds, their channels and members. */
export class Directory {
  readonly bot: UserRecord
  readonly guilds = new Map<string, GuildRecord>()
  readonly channels = new Map<string, ChannelRecord>()
  readonly users = new Map<string, UserRecord>()
  readonly members: MemberRecord[] = []

  constructor(bot: UserRecord) {
    this.bot = bot
    this.users.set(bot.id, bot)
  }

  channelsOf(guildId: string): ChannelRecord[] {
    return [...this.channels.values()].filter((channel) => channel.guildId === guildId)
  }

  /** What the bot may do in a channel; undefined where it is not a member. A thread has the permissions of its parent. */
  botPermissionsIn(channel: ChannelRecord): bigint | undefined {
    const guild = this.guilds.get(channel.guildId)
    if (!guild?.botIsMember) return undefined
    const parent = channel.parentId ? this.channels.get(channel.parentId) : undefined
    return channel.botPermissions ?? parent?.botPermissions ?? guild.botPermissions
  }
}
