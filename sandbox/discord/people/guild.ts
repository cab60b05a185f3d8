import { isVisible } from '../model/channel-access.ts'
import type { ChannelKind, ChannelRecord, ParentKind } from '../model/channels.ts'
import type { GuildRecord, MemberRecord } from '../model/directory.ts'
import { defaultBotPermissions, defaultMemberPermissions, type PermissionName, permissionSet } from '../model/permissions.ts'
import { channelPayload } from '../payloads/channels.ts'
import { botRolePayload, guildPayload } from '../payloads/guilds.ts'
import type { World } from '../world/world.ts'
import { Channel } from './channel.ts'
import { Member } from './member.ts'

export interface GuildOptions {
  name?: string
  /** Boost tier: 2 raises the upload limit to 50 MiB, 3 to 100 MiB. */
  premiumTier?: 0 | 1 | 2 | 3
  /** False for a guild that has the application's commands but not its bot. */
  botIsMember?: boolean
  botPermissions?: readonly PermissionName[]
}

export interface ChannelOptions {
  name?: string
  nsfw?: boolean
  /** A text channel unless given. */
  kind?: ParentKind
  /** Makes it a thread of this channel, with that channel's permissions; a post, if that is a forum. */
  threadOf?: Channel
  /** Makes the thread private. The bot is not in it. */
  private?: boolean
  /** Overrides the bot's permissions of the guild. */
  botPermissions?: readonly PermissionName[]
}

export interface MemberOptions {
  name: string
  permissions?: readonly PermissionName[]
}

/** A guild with its channels and members. A connected bot receives every change as an event. */
export class Guild {
  readonly id: string
  /** The first text channel. */
  readonly channel: Channel
  readonly #record: GuildRecord
  readonly #world: World

  constructor(options: GuildOptions, world: World) {
    this.#world = world
    this.#record = {
      id: world.snowflakes.next(),
      name: options.name ?? 'Guild',
      ownerId: world.snowflakes.next(),
      premiumTier: options.premiumTier ?? 0,
      botIsMember: options.botIsMember ?? true,
      botPermissions: permissionSet(options.botPermissions ?? defaultBotPermissions),
      botRoleId: world.snowflakes.next(),
      createdAt: world.clock.timestamp(),
    }
    this.id = this.#record.id
    world.directory.guilds.set(this.id, this.#record)
    this.channel = new Channel(this.#addChannel({ name: 'general' }), world)
    this.#dispatch('GUILD_CREATE', guildPayload(this.#record, world.directory))
  }

  createChannel(options: ChannelOptions = {}): Channel {
    const record = this.#addChannel(options)
    const { directory } = this.#world
    if (!record.thread || isVisible(record, directory)) {
      this.#dispatch(record.thread ? 'THREAD_CREATE' : 'CHANNEL_CREATE', channelPayload(record, directory))
    }
    return new Channel(record, this.#world)
  }

  createMember(options: MemberOptions): Member {
    const record: MemberRecord = {
      user: { id: this.#world.snowflakes.next(), name: options.name, bot: false },
      guildId: this.id,
      permissions: permissionSet(options.permissions ?? defaultMemberPermissions),
      joinedAt: this.#world.clock.timestamp(),
    }
    this.#world.directory.users.set(record.user.id, record.user)
    this.#world.directory.members.push(record)
    return new Member(record, this.#record, this.#world)
  }

  setBotPermissions(permissions: readonly PermissionName[]): void {
    this.#record.botPermissions = permissionSet(permissions)
    this.#dispatch('GUILD_ROLE_UPDATE', { guild_id: this.id, role: botRolePayload(this.#record, this.#world.directory) })
  }

  removeBot(): void {
    this.#dispatch('GUILD_DELETE', { id: this.id })
    this.#record.botIsMember = false
  }

  #addChannel(options: ChannelOptions): ChannelRecord {
    const record: ChannelRecord = {
      id: this.#world.snowflakes.next(),
      guildId: this.id,
      kind: this.#kindOf(options),
      name: options.name ?? 'channel',
      parentId: options.threadOf?.id,
      thread: options.threadOf && {
        archived: false,
        locked: false,
        autoArchiveMinutes: 1440,
        archiveChangedAt: this.#world.clock.timestamp(),
        botJoined: false,
      },
      nsfw: options.nsfw ?? false,
      botPermissions: options.botPermissions && permissionSet(options.botPermissions),
    }
    this.#world.directory.channels.set(record.id, record)
    return record
  }

  #kindOf({ kind, threadOf, private: isPrivate }: ChannelOptions): ChannelKind {
    if (!threadOf) return kind ?? 'text'
    if (isPrivate) return 'privateThread'
    return this.#world.directory.channels.get(threadOf.id)?.kind === 'announcement' ? 'announcementThread' : 'publicThread'
  }

  #dispatch(event: string, payload: unknown): void {
    if (this.#record.botIsMember) this.#world.gateway.dispatch(this.id, event, payload)
  }
}
