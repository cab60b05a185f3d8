import { randomBytes } from 'node:crypto'

import { Gateway } from '../gateway/gateway.ts'
import { applicationFlags } from '../gateway/intents.ts'
import { defaultGatewaySettings, type GatewaySettings } from '../gateway/settings.ts'
import { Cdn } from '../model/cdn.ts'
import { Changes } from '../model/changes.ts'
import { DiscordClock } from '../model/clock.ts'
import { Directory, type GuildRecord } from '../model/directory.ts'
import type { StoredMessage } from '../model/message.ts'
import { SnowflakeSource } from '../model/snowflakes.ts'
import { guildPayload } from '../payloads/guilds.ts'
import { messagePayload } from '../payloads/messages.ts'
import { botUserPayload } from '../payloads/people.ts'
import { Commands } from './commands.ts'
import { Interactions } from './interactions.ts'
import { Messages } from './messages.ts'
import { type OldEditRate, OldEdits } from './old-edits.ts'
import { Threads } from './threads.ts'

const mebibyte = 1024 * 1024
const tierLimits = { 0: 10 * mebibyte, 1: 10 * mebibyte, 2: 50 * mebibyte, 3: 100 * mebibyte } as const

export interface WorldOptions {
  origin: string
  gatewayUrl: string
  /** Bytes for each file in a guild without a boost. */
  uploadLimitBytes?: number | undefined
  oldEdits?: OldEditRate | undefined
  gateway?: Partial<GatewaySettings> | undefined
}

/** The whole state of the local Discord, with the gateway that reports it. */
export class World {
  readonly origin: string
  readonly gatewayUrl: string
  readonly clock = new DiscordClock()
  readonly changes = new Changes()
  readonly snowflakes = new SnowflakeSource(this.clock)
  readonly applicationId = this.snowflakes.next()
  readonly directory = new Directory({ id: this.applicationId, name: 'Rushes', bot: true })
  readonly commands = new Commands(this.snowflakes)
  readonly interactions = new Interactions(this.clock)
  readonly cdn: Cdn
  readonly messages: Messages
  readonly oldEdits: OldEdits
  readonly gateway: Gateway
  readonly threads: Threads
  /** From the privileged intents that are switched on. */
  readonly applicationFlags: number
  readonly #baseLimit: number
  #botToken = newToken(this.applicationId)

  constructor({ origin, gatewayUrl, uploadLimitBytes = tierLimits[0], oldEdits, gateway = {} }: WorldOptions) {
    this.origin = origin
    this.gatewayUrl = gatewayUrl
    this.#baseLimit = uploadLimitBytes
    this.cdn = new Cdn(origin, this.clock)
    this.messages = new Messages(this)
    this.oldEdits = new OldEdits(this.clock, oldEdits)
    const settings = { ...defaultGatewaySettings, ...gateway }
    this.applicationFlags = applicationFlags(settings.privilegedIntents)
    this.gateway = new Gateway({
      settings,
      clock: this.clock,
      url: gatewayUrl,
      changes: this.changes,
      isToken: (token) => token === this.botToken,
      resetToken: () => (this.#botToken = newToken(this.applicationId)),
      ready: (session) => ({
        v: 10,
        user: botUserPayload(this.directory.bot),
        guilds: this.botGuilds.filter(({ id }) => session.covers(id)).map(({ id }) => ({ id, unavailable: true })),
        application: { id: this.applicationId, flags: this.applicationFlags, flags_new: String(this.applicationFlags) },
      }),
      afterReady: (session) =>
        this.botGuilds
          .filter(({ id }) => session.covers(id))
          .map((guild) => ({ type: 'GUILD_CREATE', payload: guildPayload(guild, this.directory) })),
    })
    this.threads = new Threads(this)
  }

  /** The former one is worth nothing once Discord has reset it. */
  get botToken(): string {
    return this.#botToken
  }

  get botGuilds(): GuildRecord[] {
    return [...this.directory.guilds.values()].filter(({ botIsMember }) => botIsMember)
  }

  /** Bytes for each file in the guild, unless an interaction brings a limit of its own. */
  uploadLimitIn(guildId: string): number {
    const tier = this.directory.guilds.get(guildId)?.premiumTier ?? 0
    return tier >= 2 ? tierLimits[tier] : this.#baseLimit
  }

  messagePayload(message: StoredMessage): Record<string, unknown> {
    return messagePayload(message, this, this.messages.get(message.repliesTo))
  }
}

function newToken(applicationId: string): string {
  return `${Buffer.from(applicationId).toString('base64url')}.sandbox.${randomBytes(20).toString('hex')}`
}
