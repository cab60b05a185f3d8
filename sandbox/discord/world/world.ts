import { randomBytes } from 'node:crypto'

import { Gateway } from '../gateway/gateway.ts'
import { Cdn } from '../model/cdn.ts'
import { Changes } from '../model/changes.ts'
import { DiscordClock } from '../model/clock.ts'
import { type ChannelRecord, Directory, type GuildRecord } from '../model/directory.ts'
import { hasFlag, messageFlags, type StoredMessage } from '../model/message.ts'
import { SnowflakeSource } from '../model/snowflakes.ts'
import { guildPayload } from '../payloads/guilds.ts'
import { messagePayload } from '../payloads/messages.ts'
import { userPayload } from '../payloads/people.ts'
import { Commands } from './commands.ts'
import { Interactions } from './interactions.ts'
import { Messages } from './messages.ts'

const mebibyte = 1024 * 1024
const tierLimits = { 0: 10 * mebibyte, 1: 10 * mebibyte, 2: 50 * mebibyte, 3: 100 * mebibyte } as const
const intents = { guildMessages: 1 << 9, directMessages: 1 << 12 } as const

export interface WorldOptions {
  origin: string
  gatewayUrl: string
  /** Bytes for each file where no boost raises it. */
  uploadLimitBytes?: number | undefined
}

/** The parts of the local Discord, joined: what exists, what happens, and how it is told. */
export class World {
  readonly origin: string
  readonly gatewayUrl: string
  readonly clock = new DiscordClock()
  readonly changes = new Changes()
  readonly snowflakes = new SnowflakeSource()
  readonly applicationId = this.snowflakes.next()
  readonly botToken = `${Buffer.from(this.applicationId).toString('base64url')}.sandbox.${randomBytes(20).toString('hex')}`
  readonly directory = new Directory({ id: this.applicationId, name: 'Rushes', bot: true })
  readonly commands = new Commands(this.snowflakes, this.changes)
  readonly interactions = new Interactions(this.clock)
  readonly cdn: Cdn
  readonly messages: Messages
  readonly gateway: Gateway
  readonly #baseLimit: number

  constructor(options: WorldOptions) {
    this.origin = options.origin
    this.gatewayUrl = options.gatewayUrl
    this.#baseLimit = options.uploadLimitBytes ?? tierLimits[0]
    this.cdn = new Cdn(options.origin, this.clock)
    const { snowflakes, cdn, changes, clock, applicationId } = this
    this.messages = new Messages({ snowflakes, cdn, changes, clock, applicationId })
    this.gateway = new Gateway({
      token: this.botToken,
      url: options.gatewayUrl,
      changes: this.changes,
      ready: (session) => ({
        v: 10,
        user: { ...userPayload(this.directory.bot), verified: true, mfa_enabled: false, email: null },
        guilds: this.#botGuilds(session.covers.bind(session)).map(({ id }) => ({ id, unavailable: true })),
        application: { id: this.applicationId, flags: 0, flags_new: '0' },
      }),
      afterReady: (session) =>
        this.#botGuilds(session.covers.bind(session)).map((guild) => ({
          type: 'GUILD_CREATE',
          payload: guildPayload(guild, this.directory),
        })),
    })
    this.changes.subscribe((change) => {
      if (change.kind === 'message') this.#tellGateway(change.action, change.message)
    })
  }

  /** Bytes for each file that the bot sends with its own token. */
  uploadLimitIn(channel: ChannelRecord): number {
    const guild = channel.guildId ? this.directory.guilds.get(channel.guildId) : undefined
    return this.uploadLimitOf(guild)
  }

  uploadLimitOf(guild: GuildRecord | undefined): number {
    const tier = guild?.premiumTier ?? 0
    return tier >= 2 ? tierLimits[tier] : this.#baseLimit
  }

  messagePayload(message: StoredMessage): Record<string, unknown> {
    return messagePayload(message, this, this.messages.get(message.repliesTo))
  }

  #botGuilds(covers: (guildId: string) => boolean): GuildRecord[] {
    return [...this.directory.guilds.values()].filter((guild) => guild.botIsMember && covers(guild.id))
  }

  /** Ephemeral messages never pass the gateway; the others only for who asked for them by intent. */
  #tellGateway(action: 'created' | 'edited' | 'deleted', message: StoredMessage): void {
    if (hasFlag(message, messageFlags.ephemeral)) return
    if (message.guildId && !this.directory.guilds.get(message.guildId)?.botIsMember) return
    const intent = message.guildId ? intents.guildMessages : intents.directMessages
    const type = { created: 'MESSAGE_CREATE', edited: 'MESSAGE_UPDATE', deleted: 'MESSAGE_DELETE' }[action]
    const place = { channel_id: message.channelId, ...(message.guildId && { guild_id: message.guildId }) }
    const payload = action === 'deleted' ? { id: message.id, ...place } : { ...this.messagePayload(message), ...place }
    this.gateway.dispatch(message.guildId, type, payload, intent)
  }
}
