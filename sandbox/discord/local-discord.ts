import { ControlApi } from './control/control-api.ts'
import type { Gateway } from './gateway/gateway.ts'
import type { GatewaySettings } from './gateway/settings.ts'
import { Api } from './http/api.ts'
import { Faults } from './http/faults.ts'
import { discordRateLimits, type RateLimit, type RateLimitRules, uniformRateLimits } from './http/rate-limit-rules.ts'
import { RateLimits } from './http/rate-limits.ts'
import { matchesPattern, type RecordedRequest, type RequestPattern } from './http/record.ts'
import { LoopbackServer } from './http/server.ts'
import type { DiscordClock } from './model/clock.ts'
import { Guild, type GuildOptions } from './people/guild.ts'
import type { WaitOptions } from './people/interaction.ts'
import type { Member } from './people/member.ts'
import { showMessage, type ShownMessage } from './people/shown-message.ts'
import { applicationRoutes } from './routes/applications.ts'
import { channelRoutes } from './routes/channels.ts'
import { guildRoutes } from './routes/guilds.ts'
import { interactionCallbackRoutes } from './routes/interaction-callback.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { World } from './world/world.ts'

const routes = [...applicationRoutes, ...interactionCallbackRoutes, ...webhookRoutes, ...channelRoutes, ...guildRoutes]

export interface LocalDiscordOptions {
  /** 0 takes any free port. */
  port?: number
  /** Bytes for each file in a guild without a boost; Discord's own 10 MiB unless given. */
  uploadLimitBytes?: number
  /** Discord's own limits unless given; one rate is that of every bucket, and then there is no other limit. */
  rateLimit?: RateLimit | RateLimitRules
  /** What Discord decides about the application's connections. */
  gateway?: Partial<GatewaySettings>
}

/** A Discord on one loopback port: REST API, gateway, CDN, and the people who use it. */
export class LocalDiscord {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  readonly cdnOrigin: string
  /** discord.js's `rest.api`: ends in `/api`. */
  readonly apiUrl: string
  readonly applicationId: string
  readonly clock: DiscordClock
  readonly faults = new Faults()
  readonly gateway: Pick<Gateway, 'cut' | 'askReconnect' | 'invalidateSessions' | 'connected' | 'identifies' | 'resumes'>
  /** The guild and the member that exist from the start. The API below `/sandbox/` acts as this member. */
  readonly guild: Guild
  readonly member: Member
  readonly #world: World
  readonly #api: Api
  readonly #control: ControlApi
  readonly #server: LoopbackServer

  /** Use `startLocalDiscord`. */
  constructor(server: LoopbackServer, { uploadLimitBytes, gateway, rateLimit = discordRateLimits }: LocalDiscordOptions) {
    const rules = 'limit' in rateLimit ? uniformRateLimits(rateLimit) : rateLimit
    const address = `127.0.0.1:${server.port}`
    const world = new World({
      origin: `http://${address}`,
      gatewayUrl: `ws://${address}`,
      uploadLimitBytes,
      gateway,
      oldEdits: rules.oldEdits,
    })
    this.origin = world.origin
    this.cdnOrigin = world.origin
    this.apiUrl = `${world.origin}/api`
    this.applicationId = world.applicationId
    this.clock = world.clock
    this.gateway = world.gateway
    this.#world = world
    this.#server = server
    this.#api = new Api({ world, routes, faults: this.faults, rateLimits: new RateLimits(rules, () => world.clock.pace()) })
    this.guild = this.createGuild({ name: 'Sandbox' })
    this.member = this.guild.createMember({ name: 'You' })
    this.#control = new ControlApi(world, this.member)
    server.serve({ api: this.#api, cdn: world.cdn, gateway: world.gateway, control: this.#control.receive.bind(this.#control) })
  }

  /** Another one after Discord has reset it. */
  get botToken(): string {
    return this.#world.botToken
  }

  /** Every request to the API so far, in order of arrival. */
  get requests(): readonly RecordedRequest[] {
    return this.#api.requests
  }

  /** Where our own answers broke Discord's specification. `close` rejects if there are any. */
  get responseProblems(): readonly string[] {
    return this.#api.responseProblems
  }

  /** How many responses so far Discord counts towards a ban of the address: 10,000 in ten minutes. Nobody is banned here. */
  get invalidRequests(): number {
    return this.#api.invalidRequests
  }

  createGuild(options: GuildOptions = {}): Guild {
    return new Guild(options, this.#world)
  }

  /** Resolves once a bot has identified and is connected, so that it can receive interactions. */
  async botReady({ signal }: WaitOptions = {}): Promise<void> {
    await this.#world.changes.until(() => this.gateway.connected || undefined, signal)
  }

  /** Resolves once no bot is connected any more. */
  async botGone({ signal }: WaitOptions = {}): Promise<void> {
    await this.#world.changes.until(() => this.#world.gateway.disconnected || undefined, signal)
  }

  /** The first request, past or future, that matches and was answered. */
  request(pattern: RequestPattern, { signal }: WaitOptions = {}): Promise<RecordedRequest> {
    const answered = (request: RecordedRequest) => request.status !== 0 && matchesPattern(request, pattern)
    return this.#world.changes.until(() => this.requests.find(answered), signal)
  }

  /**
   * Calls the listener with every later state of the message; `deleted` is set on the last.
   * @returns unsubscribes
   */
  watchMessage(messageId: string, listener: (message: ShownMessage) => void): () => void {
    return this.#world.changes.subscribe((change) => {
      if (change.kind === 'message' && change.message.id === messageId) listener(showMessage(change.message, this.#world))
    })
  }

  /** Deletes a message as a moderator does. The bot notices only by error 10008. */
  deleteMessage(messageId: string): void {
    const message = this.#world.messages.get(messageId)
    if (!message) throw new Error('There is no such message')
    this.#world.messages.delete(message)
  }

  /**
   * Closes every socket and timer.
   * @throws when an answer broke Discord's specification, so that no test can overlook it
   */
  async close(): Promise<void> {
    this.faults.clear()
    this.#control.close()
    await this.#server.close()
    const problems = [...new Set(this.responseProblems)]
    if (problems.length > 0) throw new Error(`The local Discord broke Discord's specification:\n${problems.slice(0, 20).join('\n')}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export async function startLocalDiscord(options: LocalDiscordOptions = {}): Promise<LocalDiscord> {
  return new LocalDiscord(await LoopbackServer.listen(options.port ?? 0), options)
}
