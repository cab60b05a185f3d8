import type { LookupFunction } from 'node:net'

import type { DestinationStream } from 'pino'

import { readCommands } from '../commands/index.ts'
import { createBilling } from './billing/create-billing.ts'
import { createClipService } from './clip-service.ts'
import { liveOrigins, type Origins, readConfig } from './config/config.ts'
import type { Environment } from './config/environment.ts'
import { createDiscord, InterruptedByRestart } from './discord/create-discord.ts'
import { createGenerations } from './generations/create-generations.ts'
import type { typicalRunMs } from './generations/store/run-time-estimates.ts'
import type { LeaseTimes } from './generations/worker/lease.ts'
import { startHttpServer } from './http/server.ts'
import { raceAbort } from './lib/abortable.ts'
import { type Clock, wallClock } from './lib/clock.ts'
import { createLog } from './lib/log.ts'
import { createShutdown } from './lib/shutdown.ts'
import { createDownload } from './media/download.ts'
import { downloadImage } from './media/images/download-image.ts'
import { createNetwork } from './network/network.ts'
import { createProviders } from './providers/create-providers.ts'
import type { ProviderDescriptor } from './providers/descriptor.ts'
import { providerDescriptors } from './providers/registry.ts'
import { openDatabase } from './storage/database.ts'

export interface BotSettings {
  /** Variables as in `.env.example`. */
  environment: Environment
  /** Where Discord and the providers are; the real ones by default. */
  origins?: Origins | undefined
  /** The providers that can be configured; all of the registry by default. */
  providers?: readonly ProviderDescriptor[] | undefined
  clock?: Clock | undefined
  /** Expected run times until this installation has learned its own, in milliseconds by duration; the sandbox's providers are faster. */
  typicalRunMs?: typeof typicalRunMs | undefined
  /** Resolves host names; the system's resolver by default. */
  lookup?: LookupFunction | undefined
  /** Where log lines go; standard output by default. */
  logDestination?: DestinationStream | undefined
  /** Register the commands for every server at the start, instead of only logging that they differ. */
  registerAtStart?: boolean | undefined
  /** How soon other processes on the same store notice that this one is gone. */
  leaseTimes?: LeaseTimes | undefined
  /** Divides the waits for providers that are out (see `RunContext`), for simulated ones; 1 by default. */
  outageSpeed?: number | undefined
  /** Called once if the bot cannot continue; everything is closed by then. */
  onFatal?: ((reason: string) => void) | undefined
  /** Stops the bot, also during its start: `startBot` then rejects with the signal's reason once everything is closed. */
  signal?: AbortSignal | undefined
}

export interface Bot {
  /** The link that invites the bot to a server. */
  readonly invitation: string
  /** Stops cleanly: waits for billable calls and uploads up to the grace period; other work resumes at the next start. Never rejects. */
  stop(): Promise<void>
}

/** How much longer than the grace period a stop may take while Discord or the store does not respond, in milliseconds. */
const afterGraceMs = 8000

/** Creates every module, joins them and starts the bot. Resolves once Discord's gateway is ready. */
export async function startBot(settings: BotSettings): Promise<Bot> {
  const { providers: descriptors = providerDescriptors } = settings
  const config = readConfig(settings.environment, descriptors)
  const { commands, buttons } = await readCommands()
  const { origins = liveOrigins, clock = wallClock } = settings
  const log = createLog({ level: config.logLevel, destination: settings.logDestination })
  for (const warning of config.warnings) log.warn({}, warning)
  const shutdown = createShutdown({ log, signal: settings.signal, onFatal: settings.onFatal })
  try {
    const network = createNetwork({ allowPrivateAddresses: origins.allowPrivateAddresses, lookup: settings.lookup })
    shutdown.own('the network', () => network.close())
    const database = await openDatabase(config.store, { log, signal: shutdown.begun })
    shutdown.own('the database', () => database.close())
    const billing = createBilling({ config, database, clock })
    const providers = createProviders({ descriptors, accounts: config.providers, origins }, { network, clock })
    shutdown.own('the providers', () => providers.close())
    const download = createDownload({ network, clock })
    const discord = await createDiscord({ config, origins, database, network, clock, log, shutdown })
    const { delivery } = discord
    const generations = await createGenerations({
      ...{ config, database, providers: providers.byId, download, delivery, clock, log },
      outputLifetimes: providers.outputLifetimes,
      typicalRunMs: settings.typicalRunMs,
      leaseTimes: settings.leaseTimes,
      outageSpeed: settings.outageSpeed,
    })
    const { worker, notifier } = generations
    shutdown.own('the notifier', () => notifier.close())
    const interrupted = new AbortController()
    const clipService = createClipService({
      ...{ config, database, delivery, clock, log },
      ...billing,
      ...generations,
      providers: [...providers.byId.values()],
      downloadImage: (source) => raceAbort(downloadImage(download, source, origins.discordMedia), interrupted.signal),
      interrupted: interrupted.signal,
    })
    const interactions = discord.answerInteractions({ commands, buttons, context: { clipService } })
    const server = await startHttpServer({ config, database, providers: providers.byId, notifier, clock, log })
    shutdown.own('the HTTP server', () => server?.close())

    let started = Promise.resolve()
    const drain = async () => {
      const graceOver = setTimeout(() => interrupted.abort(new InterruptedByRestart()), config.stopGraceMs)
      const answered = interactions.drain()
      try {
        await started.catch(() => undefined) // thrown below
        await worker.stop({ graceMs: config.stopGraceMs })
      } finally {
        await answered
        await delivery.drain()
        clearTimeout(graceOver)
      }
    }
    // Closed first, so that nothing more is bought. What is still accepted stays in the queue for the next start.
    shutdown.own('the work in progress', drain, { withinMs: config.stopGraceMs + afterGraceMs })
    const { invitation, guilds } = await discord.connect({
      bodies: commands.map(({ data }) => data.toJSON()),
      register: settings.registerAtStart ?? false,
    })
    shutdown.begun.throwIfAborted()
    started = worker.start()
    await started
    await generations.checkKeys(shutdown.begun)
    shutdown.begun.throwIfAborted()
    if (config.allowedGuilds !== '*' && config.allowedGuilds.size === 0)
      log.warn({}, 'ALLOWED_GUILDS is empty, so no server may make clips: set it to server ids, or to * for every server')
    log.info({ providers: config.providers.map(({ id }) => id), role: config.role, guilds, invitation }, 'ready')
    return { invitation, stop: () => shutdown.run(new Error('the bot was stopped')) }
  } catch (error) {
    await shutdown.run(error instanceof Error ? error : new Error('the start failed', { cause: error }))
    // Once a shutdown has begun, its reason caused this error.
    throw shutdown.begun.reason
  }
}
