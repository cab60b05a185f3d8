import { type Client, Events, Routes } from 'discord.js'

import type { Config, Origins } from '../config/config.ts'
import type { CardDeletions, Delivery } from '../generations/model/delivery-port.ts'
import { createDeliveryStore } from '../generations/store/delivery-store.ts'
import { raceAbort } from '../lib/abortable.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Shutdown } from '../lib/shutdown.ts'
import type { Network } from '../network/network.ts'
import type { Database } from '../storage/database.ts'

import { createDelivery } from './delivery/delivery.ts'
import { createGuildUploadLimits } from './delivery/upload-limits.ts'
import { createDiscordClient, signIn } from './gateway/client.ts'
import { reserveShards } from './gateway/shards.ts'
import { createInteractions, type Interactions, type InteractionsOptions } from './interactions/handler.ts'
import { inviteUrl } from './interactions/permissions.ts'
import { checkRegistration, type CommandBody, readApplicationId, registerCommands } from './interactions/registration.ts'
import { createRestClients } from './rest/clients.ts'
import { createMessages } from './rest/messages.ts'
import { createTransport } from './rest/transport.ts'

export { InterruptedByRestart } from './interactions/replies.ts'

export interface DiscordOptions {
  config: Pick<Config, 'allowedGuilds' | 'discordToken' | 'role' | 'shards'>
  origins: Pick<Origins, 'discordApi'>
  database: Database
  network: Network
  clock: Clock
  log: Log
  shutdown: Pick<Shutdown, 'begun' | 'own' | 'fail'>
}

export interface Discord {
  readonly delivery: Delivery & CardDeletions
  /** Handles every interaction that arrives once `connect` has been called. A worker process receives none. */
  answerInteractions(options: Omit<InteractionsOptions, 'log' | 'messages'>): Interactions
  /** Signs in (a worker process only learns its application's id) and compares or registers the commands. */
  connect(commands: { bodies: readonly CommandBody[]; register: boolean }): Promise<{
    /** The link that invites the bot to a server. */
    invitation: string
    /** Servers on this process's shards; undefined in a worker process. */
    guilds: number | undefined
  }>
}

/** A clip waits for this call; after that the last known upload limit is used. In milliseconds. */
const guildReadMs = 5000

/**
 * Five hundred interactions a second, each acknowledged by Discord within half a second. A connection stays open for a minute: opening one takes three
 * round trips, while the member waits, and in a quiet server every request would open one.
 */
const acknowledging = { connectionsPerOrigin: 256, keepAliveMs: 60_000 }

/** Creates everything that speaks to Discord. What it opens is closed by the shutdown. */
export async function createDiscord(options: DiscordOptions): Promise<Discord> {
  const { config, origins, database, network, clock, log, shutdown } = options
  const onTokenRejected = () =>
    shutdown.fail('Discord rejected DISCORD_TOKEN: copy the token again from the Bot page of your application, then restart')
  const rest = createRestClients({
    api: origins.discordApi,
    botToken: config.discordToken,
    onTokenRejected,
    makeRequest: createTransport(network),
  })
  shutdown.own('the Discord REST clients', () => rest.close())
  const gateway = config.role === 'worker' ? undefined : await openGateway()

  const uploadLimitOf = createGuildUploadLimits({
    tierAtGateway: (guildId) => gateway?.guilds.cache.get(guildId)?.premiumTier,
    readGuild: (guildId) => rest.brief.get(Routes.guild(guildId), { signal: AbortSignal.timeout(guildReadMs) }),
    clock,
    log,
  })
  const messages = createMessages(rest)
  const delivery = createDelivery({
    ...createDeliveryStore(database, clock),
    messages,
    uploadLimitOf,
    clock,
    log,
  })

  return {
    delivery,
    answerInteractions(interactionsOptions) {
      const interactions = createInteractions({ ...interactionsOptions, messages, log })
      gateway?.on(Events.InteractionCreate, (interaction) => void interactions.handle(interaction))
      return interactions
    },
    async connect({ bodies, register }) {
      const { begun } = shutdown
      if (!gateway) return { invitation: inviteUrl(await readApplicationId(rest.brief, { clock, signal: begun })), guilds: undefined }
      const applicationId = (await raceAbort(signIn(gateway, config.discordToken), begun)).application.id
      const registered = register
        ? registerCommands(rest.brief, { applicationId }, bodies)
        : checkRegistration(rest.brief, bodies, { applicationId, allowedGuilds: config.allowedGuilds, log })
      await raceAbort<unknown>(registered, begun)
      return { invitation: inviteUrl(applicationId), guilds: gateway.guilds.cache.size }
    },
  }

  /** The gateway client, not signed in yet, for shards that no other process serves. */
  async function openGateway(): Promise<Client> {
    const reserved = await reserveShards({
      database,
      chosen: config.shards,
      readGateway: () => rest.brief.get(Routes.gatewayBot(), { signal: shutdown.begun }),
      onTaken: ({ message }) => shutdown.fail(message),
      signal: shutdown.begun,
    })
    shutdown.own('the shards', () => reserved.release())
    // Its own connections: no acknowledgement waits behind clips and cards, or behind others that Discord takes a moment for.
    const makeRequest = createTransport(network, acknowledging)
    const client = createDiscordClient({ origins, log, onTokenRejected, makeRequest })
    if (reserved.shards) Object.assign(client.options, { shards: reserved.shards.ids, shardCount: reserved.shards.count })
    shutdown.own('the gateway', () => client.destroy())
    return client
  }
}
