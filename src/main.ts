import type { LookupFunction } from 'node:net'

import type { DestinationStream } from 'pino'

import { buttons, commandBodies, commands } from '../commands/index.ts'
import { type Environment, liveOrigins, type Origins, readConfig } from './config/config.ts'
import { createDiscord, InterruptedByRestart } from './discord/create-discord.ts'
import { type Clock, createClock } from './lib/clock.ts'
import type { ProviderErrorKind } from './domain/provider-error.ts'
import { raceAbort } from './lib/abortable.ts'
import { createGenerations } from './generations/create-generations.ts'
import type { typicalRunMs } from './generations/store/run-time-estimates.ts'
import type { LeaseTimes } from './generations/worker/lease.ts'
import { startHttpServer } from './http/server.ts'
import { createDownload } from './media/download.ts'
import { downloadImage } from './media/images/download-image.ts'
import { createNetwork } from './network/network.ts'
import { createLog } from './lib/log.ts'
import { createProviders } from './providers/registry.ts'
import { createRouter } from './providers/router.ts'
import { createBilling } from './billing/create-billing.ts'
import { createShutdown } from './lib/shutdown.ts'
import { openDatabase } from './storage/database.ts'
import { createClipService } from './clip-service.ts'

export interface BotSettings {
  /** Variables as in `.env.example`; `process.env` for the real thing. */
  environment: Environment
  /** Where Discord and the providers are; the real ones where not given. */
  origins?: Origins | undefined
  clock?: Clock | undefined
  /** How long clips take where nothing is learnt yet, in milliseconds by duration; the sandbox's providers are quicker than the real ones. */
  typicalRunMs?: typeof typicalRunMs | undefined
  /** The resolver of names; the system's where not given. */
  lookup?: LookupFunction | undefined
  /** Where log lines go; standard output where not given. */
  logDestination?: DestinationStream | undefined
  /** Register the commands for every server at the start, instead of only saying that they differ. */
  registerAtStart?: boolean | undefined
  /** How soon other processes on the same store notice that this one is gone. */
  leaseTimes?: LeaseTimes | undefined
  /** Told once, when the bot cannot go on: it has stopped by then, and nobody who waits for `stop` knows of it yet. */
  onFatal?: ((reason: string) => void) | undefined
  /** Stops the bot like `stop`, and can do so while it still starts: then `startBot` rejects with the signal's reason once all is closed. */
  signal?: AbortSignal | undefined
}

export interface Bot {
  /** The invitation link for this application. */
  readonly invitation: string
  /**
   * Ends cleanly: create calls under way are waited for as long as the grace allows, everything else is taken up again at the next start. Never
   * rejects; called again it waits for the same end.
   */
  stop(): Promise<void>
}

/** Makes every part, joins them and starts the bot. Resolves once Discord's gateway is ready. */
export async function startBot(settings: BotSettings): Promise<Bot> {
  const config = readConfig(settings.environment)
  const { origins = liveOrigins, clock = createClock() } = settings
  const log = createLog({ level: config.logLevel, destination: settings.logDestination })
  const network = createNetwork({ allowPrivateAddresses: origins.allowPrivateAddresses, lookup: settings.lookup })
  const shutdown = createShutdown(log)
  let fatal: string | undefined
  let told = false
  const end = async (why: Error) => {
    await shutdown.run(why)
    if (fatal === undefined || told) return
    told = true
    settings.onFatal?.(fatal)
  }
  const fail = (reason: string) => {
    if (fatal !== undefined) return
    fatal = reason
    log.error({}, reason)
    void end(new Error(reason))
  }
  try {
    shutdown.own('the network', () => network.close())
    onAbort(settings.signal, (why) => void end(why))
    const database = await openDatabase(config.store, { onError: (error) => log.warn({ error }, 'a connection to the store broke') })
    shutdown.own('the store', () => database.close())
    const billing = createBilling({ config, database })
    shutdown.own('the rate limits', () => billing.close())
    const providers = createProviders({ accounts: config.providers, origins, choices: { runware: config.runware } }, { network, clock })
    shutdown.own('the providers', () => providers.close())
    const download = createDownload({ network, clock })

    const discord = await createDiscord({ config, origins, database, network, clock, log, shutdown, onFatal: fail })
    const router = createRouter({
      clock,
      onOperatorNeeded: (provider, kind) => log.error({ provider, kind }, operatorSentences[kind] ?? 'a provider needs the operator'),
    })
    const providerById = new Map(providers.all().map((provider) => [provider.id, provider]))
    const { delivery } = discord
    const generations = await createGenerations({
      ...{ config, database, providers: providerById, router, download, delivery, clock, log },
      typicalRunMs: settings.typicalRunMs,
      leaseTimes: settings.leaseTimes,
    })
    const { worker, notifier } = generations
    shutdown.own('the notifier', () => notifier.close())
    const outOfPatience = new AbortController()
    const clipService = createClipService({
      ...{ config, database, router, delivery, clock },
      ...billing,
      ...generations,
      providers: providers.inOrder(config.providers.map(({ id }) => id)),
      downloadImage: (url) => raceAbort(downloadImage(download, url, origins.discordMedia), outOfPatience.signal),
    })
    const interactions = discord.answerInteractions({ commands, buttons, context: { clipService } })
    if (config.role !== 'worker' && config.publicServer) {
      const { port } = config.publicServer
      const server = await startHttpServer({
        port,
        database,
        providers: providerById,
        notifier,
        clock,
        log,
      })
      shutdown.own('the HTTP server', () => server.close())
    }
    let dispatching: Promise<void> = Promise.resolve()
    // Closed before all else: nothing new may be bought from the first moment on. Who is accepted nevertheless stays in the queue for the next start.
    const windUp = async () => {
      const patience = setTimeout(() => outOfPatience.abort(new InterruptedByRestart()), config.stopGraceMs)
      const answered = interactions.drain()
      try {
        await dispatching.catch(() => undefined) // whoever started it knows
        await worker.stop({ graceMs: config.stopGraceMs })
      } finally {
        await answered
        await delivery.drain()
        clearTimeout(patience)
      }
    }
    shutdown.own('the work under way', windUp, { withinMs: config.stopGraceMs + afterGraceMs })
    const { invitation, guilds } = await discord.connect({ bodies: commandBodies(), register: settings.registerAtStart ?? false })
    shutdown.begun.throwIfAborted()
    dispatching = worker.start()
    await dispatching
    shutdown.begun.throwIfAborted()
    if (config.allowedGuilds !== '*' && config.allowedGuilds.size === 0) {
      log.warn({}, 'ALLOWED_GUILDS is not set, so no server may make clips: set it to server ids, or to * for every server')
    }
    log.info({ providers: config.providers.map(({ id }) => id), role: config.role, guilds, invitation }, 'ready')

    return { invitation, stop: () => end(new Error('the bot is stopped')) }
  } catch (error) {
    await end(error instanceof Error ? error : new Error('the start failed', { cause: error }))
    // What failed because all was being closed is not the reason.
    throw shutdown.begun.reason
  }
}

/** What a Discord or a store that does not answer may add to the grace of a stop, in milliseconds of the wall; more than the dispatcher takes of it. */
const afterGraceMs = 8000

const operatorSentences: Partial<Record<ProviderErrorKind, string>> = {
  auth: 'a provider does not accept its key: check the key; the provider is left alone for ten minutes',
  no_credit: 'the account at a provider is empty: fill it up; the provider is left alone for ten minutes',
}

/** Calls it once, at once where the signal is aborted already. */
function onAbort(signal: AbortSignal | undefined, stop: (reason: Error) => void): void {
  if (signal?.aborted) stop(signal.reason as Error)
  else signal?.addEventListener('abort', () => stop(signal.reason as Error), { once: true })
}
