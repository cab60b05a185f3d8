import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Bot, type BotSettings, startBot } from '../src/main.ts'
import { ClipRenderer } from './clips/clip-renderer.ts'
import { type LocalDiscord, type LocalDiscordOptions, startLocalDiscord } from './discord/local-discord.ts'
import { type StandIns, startStandIns } from './providers/stand-ins.ts'

export interface SandboxOptions {
  /** Ports of the local Discord and of the providers' first origin (they take twelve in a row, see `HostsOptions`); any free ones unless given. */
  discordPort?: number | undefined
  providersPort?: number | undefined
  /** How many seconds pass at the providers in one of ours. */
  providerSpeed?: number | undefined
  /** Where the bot takes webhooks; without it the providers cannot reach the bot, and it asks them. */
  publicPort?: number | undefined
  /** Shorter side of the clips in pixels; 720 unless given. */
  clipHeight?: number | undefined
  discord?: Omit<LocalDiscordOptions, 'port'> | undefined
  /** Variables of the bot on top of what it needs to run here. */
  environment?: Record<string, string | undefined> | undefined
  clock?: BotSettings['clock']
  lookup?: BotSettings['lookup']
  logDestination?: BotSettings['logDestination']
}

/** A local Discord, the providers and the real bot between them. */
export interface Sandbox {
  readonly discord: LocalDiscord
  readonly providers: StandIns
  /** Where the providers reach the bot; undefined where they cannot. */
  readonly publicUrl: string | undefined
  /** Where the bot keeps its database; goes with the sandbox. */
  readonly dataFolder: string
  /** Starts the bot (again) over the same store, with other variables where given. */
  startBot(environment?: Record<string, string | undefined>): Promise<Bot>
  /** Ends the bot cleanly; Discord and the providers go on. */
  stopBot(): Promise<void>
  stop(): Promise<void>
}

/** Starts everything on loopback and signs the bot in; its commands are registered when this resolves. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const providerSpeed = options.providerSpeed ?? 20
  const dataFolder = mkdtempSync(join(tmpdir(), 'rushes-sandbox-'))
  const clips = new ClipRenderer({ height: options.clipHeight })
  const discord = await startLocalDiscord({ ...options.discord, port: options.discordPort ?? 0 })
  const providers = await startStandIns({
    clips,
    speed: providerSpeed,
    port: options.providersPort ?? 0,
    // Webhooks are dated as the bot reads the time, or it would take them for old ones.
    receiverNow: () => options.clock?.now() ?? Date.now(),
  })
  let bot: Bot | undefined
  const { publicPort } = options
  const reachable: { PUBLIC_URL?: string; PORT?: string } =
    publicPort === undefined ? {} : { PUBLIC_URL: `http://127.0.0.1:${publicPort}`, PORT: String(publicPort) }

  const sandbox: Sandbox = {
    discord,
    providers,
    publicUrl: reachable.PUBLIC_URL,
    dataFolder,
    startBot: async (environment) => {
      bot = await startBot({
        environment: environmentFor(discord, providers, dataFolder, { ...reachable, ...options.environment, ...environment }),
        origins: {
          discordApi: discord.apiUrl,
          discordMedia: [discord.cdnOrigin],
          fal: { queue: providers.fal.origins.queue, storage: providers.fal.origins.rest },
          replicate: { api: providers.replicate.origins.api },
          wavespeed: { api: providers.wavespeed.origins.api },
          runware: { api: providers.runware.origins.api },
          eachlabs: { api: providers.eachlabs.origins.api },
          allowPrivateAddresses: true,
        },
        clock: options.clock,
        lookup: options.lookup,
        logDestination: options.logDestination,
        // A clip that takes 160 s at a provider is here done after 160 s by a clock that runs faster.
        typicalRunMs: { 5: 160_000 / providerSpeed, 10: 250_000 / providerSpeed },
        registerAtStart: true,
      })
      return bot
    },
    stopBot: async () => {
      await bot?.stop()
      bot = undefined
    },
    stop: async () => {
      await sandbox.stopBot()
      await discord.close()
      await providers.stop()
      await clips.close()
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
  try {
    await sandbox.startBot()
    return sandbox
  } catch (error) {
    await sandbox.stop()
    throw error
  }
}

/** The very variables that a real installation sets, with the keys of this Discord and these providers. */
function environmentFor(
  discord: LocalDiscord,
  providers: StandIns,
  dataFolder: string,
  further: SandboxOptions['environment'],
): Record<string, string | undefined> {
  return {
    DISCORD_TOKEN: discord.botToken,
    FAL_KEY: providers.fal.apiKey,
    REPLICATE_API_TOKEN: providers.replicate.apiKey,
    WAVESPEED_API_KEY: providers.wavespeed.apiKey,
    RUNWARE_API_KEY: providers.runware.apiKey,
    EACHLABS_API_KEY: providers.eachlabs.apiKey,
    ALLOWED_GUILDS: '*',
    DATA_DIR: dataFolder,
    LOG_LEVEL: 'warn',
    ...further,
  }
}
