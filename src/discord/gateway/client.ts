import { Client, Events, GatewayCloseCodes, GatewayIntentBits, Partials } from 'discord.js'

import type { Origins } from '../../config/config.ts'
import { wallClock } from '../../lib/clock.ts'
import { createLogSummary } from '../../lib/log-summary.ts'
import type { Log } from '../../lib/log.ts'

import { type RestClientsOptions, watchBotToken } from '../rest/clients.ts'
import { describeError } from '../rest/errors.ts'
import { DiscordUnreachableError, explainUnreachable } from '../rest/unreachable.ts'

const gatewayName = "Discord's gateway"
const authenticationFailed: number = GatewayCloseCodes.AuthenticationFailed

export interface DiscordClientOptions
  extends Pick<RestClientsOptions, 'onTokenRejected'>, Partial<Pick<RestClientsOptions, 'makeRequest'>> {
  origins: Pick<Origins, 'discordApi'>
  log: Log
}

/** The gateway connection, which receives interactions, and the REST client that acknowledges them. `destroy()` closes it. */
export function createDiscordClient({ origins, log, onTokenRejected, makeRequest }: DiscordClientOptions): Client {
  const client = new Client({
    intents: [GatewayIntentBits.Guilds],
    // Without it, the channel of an interaction in an uncached thread is null, and threads need other permissions than channels.
    partials: [Partials.Channel],
    allowedMentions: { parse: [] },
    // As many shards as Discord recommends. Explicit, because the default of discord.js reads the environment.
    shards: 'auto',
    // The gateway lookup may be slow and retried.
    rest: { api: origins.discordApi, version: '10', timeout: 10_000, retries: 2, ...(makeRequest && { makeRequest }) },
    // A guild that loads slowly must not delay the interactions of all others after a start.
    waitGuildTimeout: 3000,
  })
  watchBotToken(client.rest, onTokenRejected)
  // Discord allows three seconds for an acknowledgement, so a call that hangs must leave time for a retry. The library itself retries nothing:
  // `acknowledge` needs to know of the first try to understand the response to the second, and a retried follow-up would appear twice.
  client.once(Events.ClientReady, () => Object.assign(client.rest.options, { timeout: 2500, retries: 0 }))
  client.on(Events.Invalidated, onTokenRejected)
  client.on(Events.ShardDisconnect, ({ code }, shard) => {
    if (code === authenticationFailed) onTokenRejected()
    else log.error({ shard, code }, 'gateway connection closed permanently: this process no longer receives interactions')
  })
  client.on(Events.Error, (error) => log.error({ failure: describeError(error) }, 'Discord client error'))
  client.on(Events.ShardError, (error, shard) => log.warn({ shard, failure: describeError(error) }, 'gateway connection error'))
  client.on(Events.ShardReconnecting, createReconnectionLog(client, log))
  client.rest.on('rateLimited', ({ route, timeToReset }) => log.info({ route, timeToReset }, 'rate limited by Discord'))
  return client
}

/** The library tries again twice a second, without end and without a reason. Once signed in, a reconnection is nothing unusual. */
function createReconnectionLog(client: Client, log: Log): (shard: number) => void {
  const unreachable = `${new DiscordUnreachableError(gatewayName, undefined).message}; the bot keeps trying`
  let isSignedIn = false
  client.once(Events.ClientReady, () => (isSignedIn = true))
  return createLogSummary<number>((times, shard) => {
    if (isSignedIn) log.info({ shard, times }, 'reconnecting to the gateway')
    else log.warn({ shard, times }, unreachable)
  }, wallClock)
}

/** Resolves once every shard has received its guilds; discord.js delivers no interaction before that. */
export async function signIn(client: Client, token: string): Promise<Client<true>> {
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve))
  await explainUnreachable(gatewayName, () => client.login(token))
  return ready
}
