import type { ChannelRecord, GuildRecord, MemberRecord } from '../model/directory.ts'
import { hasFlag, messageFlags, type StoredMessage } from '../model/message.ts'
import { defaultBotPermissions, defaultMemberPermissions, type PermissionName, permissionSet } from '../model/permissions.ts'
import { channelPayload } from '../payloads/channels.ts'
import { guildPayload, rolePayload } from '../payloads/guilds.ts'
import type { World } from '../world/world.ts'
import type { MessagePredicate, WaitOptions } from './interaction.ts'
import { Member } from './member.ts'
import { showMessage, type ShownMessage } from './shown-message.ts'

export interface GuildOptions {
  name?: string
  /** Boost tier: 2 lifts the bot's upload limit to 50 MiB, 3 to 100 MiB. */
  premiumTier?: 0 | 1 | 2 | 3
  /** False for a guild that has the application's commands but not its bot. */
  botIsMember?: boolean
  /** `user` for a guild into which only a member brings the application along; such a guild never has the bot. */
  installedBy?: 'guild' | 'user'
  botPermissions?: readonly PermissionName[]
}

export interface ChannelOptions {
  name?: string
  nsfw?: boolean
  /** Makes it a thread of this channel, with that channel's permissions. */
  threadOf?: Channel
  /** Where they differ from the guild's. */
  botPermissions?: readonly PermissionName[]
}

export interface MemberOptions {
  name: string
  permissions?: readonly PermissionName[]
  acceptsDirectMessages?: boolean
}

/** A channel of a guild, as a member sees it. */
export class Channel {
  readonly id: string
  readonly guildId: string
  readonly #record: ChannelRecord
  readonly #world: World

  constructor(record: ChannelRecord & { guildId: string }, world: World) {
    this.id = record.id
    this.guildId = record.guildId
    this.#record = record
    this.#world = world
  }

  /** The messages in their order: the public ones, and for a given member also those that only they see. */
  messages(viewer?: Member): ShownMessage[] {
    const visible = (message: StoredMessage) => (viewer ? viewer.sees(message) : !hasFlag(message, messageFlags.ephemeral))
    return this.#world.messages
      .inChannel(this.id)
      .filter(visible)
      .map((message) => showMessage(message, this.#world))
  }

  /** Waits until a message fulfils the predicate. */
  message(predicate: MessagePredicate, { signal, viewer }: WaitOptions & { viewer?: Member } = {}): Promise<ShownMessage> {
    return this.#world.changes.until(() => this.messages(viewer).find(predicate), signal)
  }

  setBotPermissions(permissions: readonly PermissionName[] | undefined): void {
    this.#record.botPermissions = permissions && permissionSet(permissions)
    if (!this.#world.directory.guilds.get(this.guildId)?.botIsMember) return
    this.#world.gateway.dispatch(this.guildId, 'CHANNEL_UPDATE', channelPayload(this.#record, this.#world.directory))
  }
}

/** A guild with its channels and members. Changes of it reach a connected bot as they would from Discord. */
export class Guild {
  readonly id: string
  /** The first text channel. */
  readonly channel: Channel
  readonly #record: GuildRecord
  readonly #world: World

  private constructor(record: GuildRecord, channel: Channel, world: World) {
    this.id = record.id
    this.channel = channel
    this.#record = record
    this.#world = world
  }

  static create(options: GuildOptions, world: World): Guild {
    const { installedBy = 'guild' } = options
    const record: GuildRecord = {
      id: world.snowflakes.next(),
      name: options.name ?? 'Guild',
      ownerId: world.snowflakes.next(),
      premiumTier: options.premiumTier ?? 0,
      botIsMember: installedBy === 'guild' && (options.botIsMember ?? true),
      installedBy,
      botPermissions: permissionSet(options.botPermissions ?? defaultBotPermissions),
      botRoleId: world.snowflakes.next(),
      createdAt: new Date().toISOString(),
    }
    world.directory.guilds.set(record.id, record)
    const channel = addChannel(record.id, { name: 'general' }, world)
    if (record.botIsMember) world.gateway.dispatch(record.id, 'GUILD_CREATE', guildPayload(record, world.directory))
    return new Guild(record, new Channel(channel, world), world)
  }

  createChannel(options: ChannelOptions = {}): Channel {
    const record = addChannel(this.id, options, this.#world)
    if (this.#record.botIsMember) {
      const event = record.kind === 'thread' ? 'THREAD_CREATE' : 'CHANNEL_CREATE'
      this.#world.gateway.dispatch(this.id, event, channelPayload(record, this.#world.directory))
    }
    return new Channel(record, this.#world)
  }

  createMember(options: MemberOptions): Member {
    const record: MemberRecord = {
      user: { id: this.#world.snowflakes.next(), name: options.name, bot: false },
      guildId: this.id,
      permissions: permissionSet(options.permissions ?? defaultMemberPermissions),
      joinedAt: new Date().toISOString(),
      acceptsDirectMessages: options.acceptsDirectMessages ?? true,
    }
    this.#world.directory.users.set(record.user.id, record.user)
    this.#world.directory.members.push(record)
    return new Member(record, this.#record, this.#world)
  }

  setBotPermissions(permissions: readonly PermissionName[]): void {
    this.#record.botPermissions = permissionSet(permissions)
    if (!this.#record.botIsMember) return
    const role = rolePayload(this.#record.botRoleId, this.#world.directory.bot.name, this.#record.botPermissions, 1)
    this.#world.gateway.dispatch(this.id, 'GUILD_ROLE_UPDATE', { guild_id: this.id, role })
  }

  /** Throws the bot out. */
  removeBot(): void {
    this.#record.botIsMember = false
    this.#world.gateway.dispatch(this.id, 'GUILD_DELETE', { id: this.id })
  }
}

function addChannel(guildId: string, options: ChannelOptions, world: World): ChannelRecord & { guildId: string } {
  const record = {
    id: world.snowflakes.next(),
    guildId,
    name: options.name ?? 'channel',
    kind: options.threadOf ? ('thread' as const) : ('text' as const),
    parentId: options.threadOf?.id,
    recipientId: undefined,
    nsfw: options.nsfw ?? false,
    botPermissions: options.botPermissions && permissionSet(options.botPermissions),
  }
  world.directory.channels.set(record.id, record)
  return record
}
