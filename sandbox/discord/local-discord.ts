import { ControlApi } from './control/control-api.ts'
import type { Gateway } from './gateway/gateway.ts'
import { Api } from './http/api.ts'
import { Faults } from './http/faults.ts'
import { type RateLimit, RateLimits } from './http/rate-limits.ts'
import { matchesPattern, type RecordedRequest, type RequestPattern } from './http/record.ts'
import { LoopbackServer } from './http/server.ts'
import type { DiscordClock } from './model/clock.ts'
import type { CommandForm } from './model/command.ts'
import { Guild, type GuildOptions } from './people/guild.ts'
import type { WaitOptions } from './people/interaction.ts'
import type { Member } from './people/member.ts'
import { showMessage, type ShownMessage } from './people/shown-message.ts'
import { applicationRoutes } from './routes/applications.ts'
import { channelRoutes } from './routes/channels.ts'
import { identityRoutes } from './routes/identity.ts'
import { interactionCallbackRoutes } from './routes/interaction-callback.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { World } from './world/world.ts'

const routes = [...identityRoutes, ...applicationRoutes, ...interactionCallbackRoutes, ...webhookRoutes, ...channelRoutes]

export interface LocalDiscordOptions {
  /** 0 takes any free port. */
  port?: number
  /** Bytes for each file where no boost raises it; Discord's own 10 MiB unless given. */
  uploadLimitBytes?: number
  /** Every bucket's rate; generous unless given, because Discord publishes no numbers. */
  rateLimit?: RateLimit
  /** One line for each request to the API: method, path without token, status. */
  log?: (line: string) => void
}

/** A Discord on one loopback port: REST below `/api`, gateway, CDN, and the people in it. */
export class LocalDiscord {
  /** `http://127.0.0.1:PORT`; also where the CDN's files are. */
  readonly origin: string
  readonly cdnOrigin: string
  /** What discord.js wants as `rest.api`: ends in `/api`. */
  readonly apiUrl: string
  readonly botToken: string
  readonly applicationId: string
  readonly clock: DiscordClock
  readonly faults: Faults
  readonly gateway: Pick<Gateway, 'cut' | 'askReconnect' | 'invalidateSessions' | 'connected' | 'identifies' | 'resumes'>
  /** The guild and the member that are there from the start, used by the test API below `/sandbox/`. */
  readonly guild: Guild
  readonly member: Member
  readonly #world: World
  readonly #api: Api
  readonly #control: ControlApi
  readonly #server: LoopbackServer

  /** Use `startLocalDiscord`. */
  constructor(server: LoopbackServer, options: LocalDiscordOptions) {
    this.origin = `http://127.0.0.1:${server.port}`
    this.cdnOrigin = this.origin
    this.apiUrl = `${this.origin}/api`
    this.#server = server
    this.#world = new World({
      origin: this.origin,
      gatewayUrl: `ws://127.0.0.1:${server.port}`,
      uploadLimitBytes: options.uploadLimitBytes,
    })
    this.botToken = this.#world.botToken
    this.applicationId = this.#world.applicationId
    this.clock = this.#world.clock
    this.gateway = this.#world.gateway
    this.faults = new Faults()
    const rateLimits = new RateLimits(options.rateLimit ?? { limit: 50, windowMs: 1000 })
    this.#api = new Api({ world: this.#world, routes, faults: this.faults, rateLimits, log: options.log })
    this.guild = this.createGuild({ name: 'Sandbox' })
    this.member = this.guild.createMember({ name: 'You' })
    this.#control = new ControlApi({ world: this.#world, member: this.member, channel: this.guild.channel })
    server.serve({
      api: this.#api,
      cdn: this.#world.cdn,
      gateway: this.#world.gateway,
      control: this.#control.receive.bind(this.#control),
    })
  }

  /** Every request to the API so far, in order of arrival. */
  get requests(): readonly RecordedRequest[] {
    return this.#api.requests
  }

  /** Where our own answers were not what Discord's specification describes; a test asserts that it is empty. */
  get responseProblems(): readonly string[] {
    return this.#api.responseProblems
  }

  createGuild(options: GuildOptions = {}): Guild {
    return Guild.create(options, this.#world)
  }

  /** The commands registered for everywhere, or for one guild. */
  registeredCommands(guildId?: string): readonly CommandForm[] {
    return this.#world.commands.list(guildId)
  }

  /** Resolves once a bot has identified and holds an open connection, so that it can take interactions. */
  botReady({ signal }: WaitOptions = {}): Promise<void> {
    return this.#world.changes.until(() => this.gateway.connected || undefined, signal).then(() => undefined)
  }

  /** Resolves once a command of this name is registered, for everywhere or for the guild. */
  commandRegistered(name: string, guildId: string = this.guild.id, { signal }: WaitOptions = {}): Promise<void> {
    return this.#world.changes.until(() => this.#world.commands.find(name, guildId), signal).then(() => undefined)
  }

  /** The first request that matches and was answered, past or future. */
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

  /** Deletes a message as a person with the right to do so does: the bot learns of it only by the gateway or by 10008. */
  deleteMessage(messageId: string): void {
    const message = this.#world.messages.get(messageId)
    if (!message) throw new Error('There is no such message')
    this.#world.messages.delete(message)
  }

  /** Closes every socket and timer. */
  async close(): Promise<void> {
    this.faults.clear()
    this.#control.close()
    await this.#server.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export async function startLocalDiscord(options: LocalDiscordOptions = {}): Promise<LocalDiscord> {
  return new LocalDiscord(await LoopbackServer.listen(options.port ?? 0), options)
}
