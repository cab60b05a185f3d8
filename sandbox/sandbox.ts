import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Bot, type BotSettings, startBot } from '../src/main.ts'
import { ClipRenderer } from './clips/clip-renderer.ts'
import { type LocalDiscord, type LocalDiscordOptions, startLocalDiscord } from './discord/local-discord.ts'
import { type StandIns, startStandIns } from './providers/stand-ins.ts'

export interface SandboxOptions {
  /** Ports of the local Discord and of the first provider origin (see `StandInsOptions.port`); any free ones unless given. */
  discordPort?: number | undefined
  providersPort?: number | undefined
  /** How many seconds pass at the providers in one real second. */
  providerSpeed?: number | undefined
  /** Where the bot receives webhooks; without it the bot polls the providers. */
  publicPort?: number | undefined
  /** Shorter side of the clips in pixels; 720 unless given. */
  clipHeight?: number | undefined
  /** Keeps rendered clips for other sandboxes (see `ClipRendererOptions.folder`). */
  clipFolder?: string | undefined
  /** Serves finished clips for ever (see `StandInsOptions.keepOutputs`). */
  keepOutputs?: boolean | undefined
  /** The providers limit nothing (see `StandInsOptions.unlimited`). */
  unlimitedProviders?: boolean | undefined
  discord?: Omit<LocalDiscordOptions, 'port'> | undefined
  /** Variables of the bot on top of those that it needs to run here. */
  environment?: Record<string, string | undefined> | undefined
  clock?: BotSettings['clock']
  lookup?: BotSettings['lookup']
  logDestination?: BotSettings['logDestination']
}

/** A local Discord, the providers, and the real bot between them. */
export interface Sandbox {
  readonly discord: LocalDiscord
  readonly providers: StandIns
  /** Where the providers reach the bot; undefined when they cannot. */
  readonly publicUrl: string | undefined
  /** The folder of the bot's database; removed with the sandbox. */
  readonly dataFolder: string
  /** Starts the bot on the same database; the given variables override those of the sandbox. */
  startBot(environment?: Record<string, string | undefined>): Promise<Bot>
  /** Stops the bot cleanly; Discord and the providers keep running. */
  stopBot(): Promise<void>
  stop(): Promise<void>
}

/** Starts everything on loopback. The bot is connected and its commands are registered when this resolves. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const providerSpeed = options.providerSpeed ?? 20
  const dataFolder = mkdtempSync(join(tmpdir(), 'rushes-sandbox-'))
  const clips = new ClipRenderer({ height: options.clipHeight, folder: options.clipFolder })
  const discord = await startLocalDiscord({ ...options.discord, port: options.discordPort ?? 0 })
  const providers = await startStandIns({
    clips,
    speed: providerSpeed,
    port: options.providersPort ?? 0,
    keepOutputs: options.keepOutputs,
    unlimited: options.unlimitedProviders,
    // Webhooks are dated by the bot's clock; otherwise the bot would refuse them as too old.
    receiverNow: () => options.clock?.now() ?? Date.now(),
  })
  let bot: Bot | undefined
  const publicUrl = options.publicPort === undefined ? undefined : `http://127.0.0.1:${options.publicPort}`
  const webhooks = publicUrl === undefined ? {} : { PUBLIC_URL: publicUrl, PORT: String(options.publicPort) }

  const sandbox: Sandbox = {
    discord,
    providers,
    publicUrl,
    dataFolder,
    startBot: async (environment) => {
      bot = await startBot({
        environment: environmentFor(discord, providers, dataFolder, { ...webhooks, ...options.environment, ...environment }),
        origins: {
          discordApi: discord.apiUrl,
          discordMedia: [discord.cdnOrigin],
          providers: Object.fromEntries(providers.all.map(({ id, origins }) => [id, origins])),
          allowPrivateAddresses: true,
        },
        clock: options.clock,
        lookup: options.lookup,
        logDestination: options.logDestination,
        // The providers' clock is faster, so a clip that takes 160 s there is ready earlier here.
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
      try {
        await discord.close()
      } finally {
        await providers.stop()
        await clips.close()
        rmSync(dataFolder, { recursive: true, force: true })
      }
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

/** The variables that a real installation sets, with the keys of this Discord and these providers. */
function environmentFor(
  discord: LocalDiscord,
  providers: StandIns,
  dataFolder: string,
  further: SandboxOptions['environment'],
): Record<string, string | undefined> {
  return {
    DISCORD_TOKEN: discord.botToken,
    ...Object.fromEntries(providers.all.map(({ keyVariable, apiKey }) => [keyVariable, apiKey])),
    ALLOWED_GUILDS: '*',
    DATA_DIR: dataFolder,
    LOG_LEVEL: 'warn',
    ...further,
  }
}
