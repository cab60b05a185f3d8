import type { LookupFunction } from 'node:net'

import { type Client, Events, type REST, Routes } from 'discord.js'
import type { DestinationStream } from 'pino'
import { z } from 'zod'

import { buttons, commands } from '../commands/index.ts'
import { type Config, type Environment, liveOrigins, type Origins, readConfig } from './config.ts'
import { createDiscordClient, uploadLimitOf } from './discord/client.ts'
import { createDelivery } from './discord/delivery.ts'
import { createInteractions } from './discord/interactions.ts'
import { createMessages } from './discord/messages.ts'
import { inviteUrl } from './discord/permissions.ts'
import { fetchRegistered, findDrift, registerCommands } from './discord/registration.ts'
import { createRestClients } from './discord/rest.ts'
import { createTransport } from './discord/transport.ts'
import { type Clock, createClock } from './domain/clock.ts'
import { createId } from './domain/ids.ts'
import { Refusal } from './domain/refusal.ts'
import { createDispatcher } from './generations/dispatcher.ts'
import { OutputGone } from './generations/ports.ts'
import { claimNotice, rememberMessage } from './generations/store.ts'
import { createWishes } from './generations/wishes.ts'
import { createDownload, type Download, DownloadError } from './media/download.ts'
import { pictureLimits } from './media/picture-policy.ts'
import { createNetwork } from './network/network.ts'
import { createLog, type Log } from './observability/log.ts'
import { createProviders } from './providers/registry.ts'
import { createLimits } from './quota/limits.ts'
import { createSettings } from './quota/settings.ts'
import { openDatabase } from './storage/database.ts'
import { createKeyv } from './storage/keyv.ts'
import { createStudio } from './studio.ts'

export interface BotSettings {
  /** Variables as in `.env.example`; `process.env` for the real thing. */
  environment: Environment
  /** Where Discord and the hosts are; the real ones where not given. */
  origins?: Origins | undefined
  clock?: Clock | undefined
  /** The resolver of names; the system's where not given. */
  lookup?: LookupFunction | undefined
  /** Where log lines go; standard output where not given. */
  logDestination?: DestinationStream | undefined
  /** Register the commands for every server at the start, instead of only saying that they differ. */
  registerAtStart?: boolean | undefined
  /** Told once, when the bot cannot go on; `stop` has been called by then. */
  onFatal?: ((reason: string) => void) | undefined
}

export interface Bot {
  /** The invitation link for this application. */
  readonly invitation: string
  /** Ends cleanly: create calls under way are waited for, everything else is taken up again at the next start. */
  stop(): Promise<void>
}

/** Makes every part, joins them and starts the bot. Resolves once Discord's gateway is ready. */
export async function startBot(settings: BotSettings): Promise<Bot> {
  const config = readConfig(settings.environment)
  const { origins = liveOrigins, clock = createClock() } = settings
  const log = createLog({ level: config.logLevel, destination: settings.logDestination })
  const network = createNetwork({ allowPrivateAddresses: origins.allowPrivateAddresses, lookup: settings.lookup })
  const owned: (() => unknown)[] = [() => network.close()]
  const closeAll = async () => {
    for (const close of owned.splice(0).reverse()) await close()
  }
  try {
    const database = await openDatabase({ file: config.databaseFile })
    owned.push(() => database.close())
    const limits = createLimits(config.limits)
    owned.push(() => limits.close())
    const providers = createProviders(accountsOf(config, origins), { network, clock })
    owned.push(() => providers.close())
    const download = createDownload({ network, clock })

    let fatal = false
    const fail = (reason: string) => {
      if (fatal) return
      fatal = true
      log.error({}, reason)
      closeAll().then(
        () => settings.onFatal?.(reason),
        () => settings.onFatal?.(reason),
      )
    }
    const onTokenRejected = () => fail('Discord refuses DISCORD_TOKEN: copy it anew from the Bot page of your application and start again.')
    const makeRequest = createTransport(network)
    const client = createDiscordClient({ origins, log, onTokenRejected, makeRequest })
    owned.push(() => client.destroy())
    const rest = createRestClients({ api: origins.discordApi, botToken: config.discordToken, onTokenRejected, makeRequest })
    owned.push(() => rest.close())

    const delivery = createDelivery({
      messages: createMessages(rest),
      clock,
      log,
      rememberMessage: (id, messageId) => rememberMessage(database.statements, id, messageId),
      claimNotice: (id) => claimNotice(database.statements, id, clock.now()),
      uploadLimitOf: (guildId) => uploadLimitOf(client, guildId),
    })
    const wishes = createWishes()
    const dispatcher = createDispatcher(config.hosts, {
      database,
      providers: new Map(providers.all().map((provider) => [provider.id, provider])),
      delivery,
      wishes,
      clock,
      log,
      owner: createId(clock.now()),
      downloadClip: (url, { signal }) => downloadClip(download, url, signal),
      renderDeadlineMs: config.renderDeadlineMs,
    })
    const studio = createStudio({
      config,
      database,
      settings: createSettings(createKeyv(database, 'guild-settings')),
      limits,
      providers: providers.inOrder(config.hosts.map(({ id }) => id)),
      dispatcher,
      delivery,
      wishes,
      clock,
      downloadPicture: (url) => downloadPicture(download, url, origins),
    })
    const interactions = createInteractions({ commands, buttons, parts: { studio }, log })
    client.on(Events.InteractionCreate, (interaction) => void interactions.handle(interaction))

    const applicationId = (await signIn(client, config.discordToken)).application.id
    await alignCommands(rest.brief, applicationId, config, settings.registerAtStart ?? false, log)
    await dispatcher.start()
    if (config.allowedGuilds !== '*' && config.allowedGuilds.size === 0) {
      log.warn({}, 'ALLOWED_GUILDS is not set, so no server may make clips: set it to server ids, or to * for every server')
    }
    const invitation = inviteUrl(applicationId)
    log.info({ hosts: config.hosts.map(({ id }) => id), guilds: client.guilds.cache.size, invitation }, 'ready')

    owned.push(async () => {
      await interactions.settle()
      await dispatcher.stop({ graceMs: config.stopGraceMs })
      await delivery.settle()
    })
    return { invitation, stop: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** `npm run register`: makes Discord's list of commands exactly ours, for one server (at once) or for all. Returns the names. */
export async function registerWithDiscord(
  settings: Pick<BotSettings, 'environment' | 'origins'> & { guildId?: string | undefined },
): Promise<string[]> {
  const { discordToken } = readConfig(settings.environment)
  const origins = settings.origins ?? liveOrigins
  const network = createNetwork({ allowPrivateAddresses: origins.allowPrivateAddresses })
  const rest = createRestClients({
    api: origins.discordApi,
    botToken: discordToken,
    onTokenRejected: () => undefined,
    makeRequest: createTransport(network),
  })
  try {
    const { id } = Application.parse(await rest.brief.get(Routes.currentApplication()))
    const registered = await registerCommands(rest.brief, { applicationId: id, guildId: settings.guildId }, commandBodies())
    return registered.map(({ name }) => name)
  } finally {
    rest.close()
    await network.close()
  }
}

const Application = z.object({ id: z.string() })

function accountsOf(config: Config, origins: Origins): Parameters<typeof createProviders>[0] {
  const keyOf = (id: string) => config.hosts.find((host) => host.id === id)?.apiKey
  const [fal, replicate] = [keyOf('fal'), keyOf('replicate')]
  return {
    fal: fal === undefined ? undefined : { apiKey: fal, origins: origins.fal },
    replicate: replicate === undefined ? undefined : { apiKey: replicate, origins: origins.replicate },
  }
}

async function downloadPicture(download: Download, url: string, { discordMedia }: Origins): Promise<Uint8Array> {
  try {
    const options = {
      signal: new AbortController().signal,
      timeoutMs: 60_000,
      maxBytes: pictureLimits.maxBytes,
      allowedOrigins: discordMedia,
    }
    return (await download(url, options)).bytes
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error
    if (error.failure === 'too-large') throw new Refusal('picture-too-large', { limitBytes: pictureLimits.maxBytes })
    throw new Refusal('picture-unreachable')
  }
}

/** Larger than any clip of ten seconds that was ever measured, small enough to be held in memory. */
const maxClipBytes = 256 * 1024 * 1024

async function downloadClip(download: Download, url: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return (await download(url, { signal, timeoutMs: 300_000, maxBytes: maxClipBytes })).bytes
  } catch (error) {
    if (error instanceof DownloadError && [403, 404, 410].includes(error.httpStatus ?? 0)) throw new OutputGone('gone', { cause: error })
    throw error
  }
}

/** Resolves once every shard has its guilds, so that nothing is answered before the bot knows where it is. */
async function signIn(client: Client, token: string): Promise<Client<true>> {
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve))
  await client.login(token)
  return ready
}

function commandBodies() {
  return commands.map(({ data }) => data.toJSON())
}

async function alignCommands(rest: REST, applicationId: string, { allowedGuilds }: Config, register: boolean, log: Log): Promise<void> {
  if (register) {
    await registerCommands(rest, { applicationId }, commandBodies())
    return
  }
  const everywhere = findDrift(commandBodies(), await fetchRegistered(rest, { applicationId }))
  if (everywhere.length === 0) return
  for (const guildId of allowedGuilds === '*' ? [] : allowedGuilds) {
    const registered = await fetchRegistered(rest, { applicationId, guildId }).catch(() => []) // the bot is not in that server (yet)
    if (findDrift(commandBodies(), registered).length === 0) return
  }
  log.warn({ differences: everywhere }, 'Discord shows other commands than this version has: run `npm run register`')
}
