import type { RESTOptions } from 'discord.js'
import { Client, Events, GatewayCloseCodes, GatewayIntentBits, Partials } from 'discord.js'

import type { Log } from '../../lib/log.ts'

import { describeError } from '../rest/errors.ts'
import { watchBotToken } from '../rest/clients.ts'

/** Asking where the gateway is may take its time and be repeated. */
const callsBeforeReady = { timeout: 10_000, retries: 2 }

/**
 * An acknowledgement has three seconds, so a call that hangs must leave time for another one. Nothing is repeated: only whoever knows of the
 * first try understands the answer to the second (acknowledge.ts), and a follow-up would be said twice.
 */
const callsOfInteractions = { timeout: 2500, retries: 0 }

/** The close code of a gateway that does not know the token (any more). */
const authenticationFailed: number = GatewayCloseCodes.AuthenticationFailed

export interface DiscordClientOptions {
  origins: {
    /** Discord's API without version and without a slash at the end, as in `https://discord.com/api`. */
    discordApi: string
  }
  log: Log
  /** Told once when Discord refuses the bot token: the process has to end, with a word to the operator. */
  onTokenRejected: () => void
  /** How REST requests go out, where not by the library's own way. */
  makeRequest?: RESTOptions['makeRequest'] | undefined
}

/** The connection to the gateway, which brings the interactions, and the client for their acknowledgements. `destroy()` closes it. */
export function createDiscordClient({ origins, log, onTokenRejected, makeRequest }: DiscordClientOptions): Client {
  const client = new Client({
    intents: [GatewayIntentBits.Guilds],
    // A thread that the gateway never told of is then read from the interaction itself; other permissions hold in threads.
    partials: [Partials.Channel],
    allowedMentions: { parse: [] },
    // As many shards as Discord recommends; written out, because discord.js would otherwise look into the environment.
    shards: 'auto',
    rest: { api: origins.discordApi, version: '10', ...callsBeforeReady, ...(makeRequest && { makeRequest }) },
    // After a start one guild that is slow to come must not hold the interactions of all others.
    waitGuildTimeout: 3000,
  })
  let rejected = false
  const reject = () => {
    if (rejected) return
    rejected = true
    onTokenRejected()
  }
  watchBotToken(client.rest, reject)
  client.once(Events.ClientReady, () => Object.assign(client.rest.options, callsOfInteractions))
  client.on(Events.Invalidated, reject)
  client.on(Events.ShardDisconnect, ({ code }, shard) => {
    if (code === authenticationFailed) reject()
    else log.error({ shard, code }, 'Discord closed the gateway connection for good: this process gets no interactions any more')
  })
  client.on(Events.Error, (error) => log.error({ failure: describeError(error) }, 'the Discord client reported an error'))
  client.on(Events.ShardError, (error, shard) => log.warn({ shard, failure: describeError(error) }, 'the gateway connection had an error'))
  client.on(Events.ShardReconnecting, (shard) => log.info({ shard }, 'the gateway connection is being renewed'))
  client.rest.on('rateLimited', ({ route, timeToReset }) => log.info({ route, timeToReset }, 'Discord asks to wait'))
  return client
}

/** Resolves once every shard has its guilds, so that nothing is answered before the bot knows where it is. */
export async function signIn(client: Client, token: string): Promise<Client<true>> {
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve))
  await client.login(token)
  return ready
}
