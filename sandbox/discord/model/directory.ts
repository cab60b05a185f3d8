import { defaultBotPermissions, permissionSet } from './permissions.ts'

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
  acceptsDirectMessages: boolean
}

export interface ChannelRecord {
  id: string
  /** Undefined for a direct message. */
  guildId: string | undefined
  name: string
  kind: 'text' | 'thread' | 'direct'
  parentId: string | undefined
  recipientId: string | undefined
  nsfw: boolean
  /** The bot's permissions here, where they differ from those it has in the guild. */
  botPermissions: bigint | undefined
}

export interface GuildRecord {
  id: string
  name: string
  ownerId: string
  premiumTier: 0 | 1 | 2 | 3
  botIsMember: boolean
  /** `guild`: the application was added to the guild; `user`: only a member brought it along. */
  installedBy: 'guild' | 'user'
  botPermissions: bigint
  botRoleId: string
  createdAt: string
}

/** Who and what exists: users, guilds, their channels and members. */
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

  directChannelWith(userId: string): ChannelRecord | undefined {
    return [...this.channels.values()].find((channel) => channel.recipientId === userId)
  }

  /** Where the bot and this user both are; without one they cannot write to each other. */
  sharedGuilds(userId: string): MemberRecord[] {
    return this.members.filter((member) => member.user.id === userId && this.guilds.get(member.guildId)?.botIsMember)
  }

  /** What the bot may do in a channel; undefined where it is not a member. A thread has the permissions of its parent. */
  botPermissionsIn(channel: ChannelRecord): bigint | undefined {
    if (channel.kind === 'direct') return permissionSet(defaultBotPermissions)
    const guild = channel.guildId ? this.guilds.get(channel.guildId) : undefined
    if (!guild?.botIsMember) return undefined
    const parent = channel.parentId ? this.channels.get(channel.parentId) : undefined
    return channel.botPermissions ?? parent?.botPermissions ?? guild.botPermissions
  }
}
