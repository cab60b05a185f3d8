import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Bot, type BotSettings, startBot } from '../src/main.ts'
import { ClipRenderer } from './clips/clip-renderer.ts'
import { type LocalDiscord, type LocalDiscordOptions, startLocalDiscord } from './discord/local-discord.ts'
import { type Hosts, startHosts } from './providers/stand-ins.ts'

export interface SandboxOptions {
  /** Ports of the local Discord and of the hosts' first origin (they take twelve in a row, see `HostsOptions`); any free ones unless given. */
  discordPort?: number | undefined
  hostsPort?: number | undefined
  /** How many seconds pass at the hosts in one of ours. */
  hostSpeed?: number | undefined
  /** Where the bot takes webhooks; without it the hosts cannot reach the bot, and it asks them. */
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

/** A local Discord, the hosts and the real bot between them. */
export interface Sandbox {
  readonly discord: LocalDiscord
  readonly hosts: Hosts
  /** Where the hosts reach the bot; undefined where they cannot. */
  readonly publicUrl: string | undefined
  /** Where the bot keeps its database; goes with the sandbox. */
  readonly dataFolder: string
  /** Starts the bot (again) over the same store, with other variables where given. */
  startBot(environment?: Record<string, string | undefined>): Promise<Bot>
  /** Ends the bot cleanly; Discord and the hosts go on. */
  stopBot(): Promise<void>
  stop(): Promise<void>
}

/** Starts everything on loopback and signs the bot in; its commands are registered when this resolves. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const hostSpeed = options.hostSpeed ?? 20
  const dataFolder = mkdtempSync(join(tmpdir(), 'rushes-sandbox-'))
  const clips = new ClipRenderer({ height: options.clipHeight })
  const discord = await startLocalDiscord({ ...options.discord, port: options.discordPort ?? 0 })
  const hosts = await startHosts({
    clips,
    speed: hostSpeed,
    port: options.hostsPort ?? 0,
    // Webhooks are dated as the bot reads the time, or it would take them for old ones.
    receiverNow: () => options.clock?.now() ?? Date.now(),
  })
  let bot: Bot | undefined
  const { publicPort } = options
  const reachable: { PUBLIC_URL?: string; PORT?: string } =
    publicPort === undefined ? {} : { PUBLIC_URL: `http://127.0.0.1:${publicPort}`, PORT: String(publicPort) }

  const sandbox: Sandbox = {
    discord,
    hosts,
    publicUrl: reachable.PUBLIC_URL,
    dataFolder,
    startBot: async (environment) => {
      bot = await startBot({
        environment: environmentFor(discord, hosts, dataFolder, { ...reachable, ...options.environment, ...environment }),
        origins: {
          discordApi: discord.apiUrl,
          discordMedia: [discord.cdnOrigin],
          fal: { queue: hosts.fal.origins.queue, storage: hosts.fal.origins.rest },
          replicate: { api: hosts.replicate.origins.api },
          wavespeed: { api: hosts.wavespeed.origins.api },
          runware: { api: hosts.runware.origins.api },
          eachlabs: { api: hosts.eachlabs.origins.api },
          allowPrivateAddresses: true,
        },
        clock: options.clock,
        lookup: options.lookup,
        logDestination: options.logDestination,
        // A clip that takes 160 s at a host is here done after 160 s by a clock that runs faster.
        typicalRunMs: { 5: 160_000 / hostSpeed, 10: 250_000 / hostSpeed },
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
      await hosts.stop()
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

/** The very variables that a real installation sets, with the keys of this Discord and these hosts. */
function environmentFor(
  discord: LocalDiscord,
  hosts: Hosts,
  dataFolder: string,
  further: SandboxOptions['environment'],
): Record<string, string | undefined> {
  return {
    DISCORD_TOKEN: discord.botToken,
    FAL_KEY: hosts.fal.apiKey,
    REPLICATE_API_TOKEN: hosts.replicate.apiKey,
    WAVESPEED_API_KEY: hosts.wavespeed.apiKey,
    RUNWARE_API_KEY: hosts.runware.apiKey,
    EACHLABS_API_KEY: hosts.eachlabs.apiKey,
    ALLOWED_GUILDS: '*',
    DATA_DIR: dataFolder,
    LOG_LEVEL: 'warn',
    ...further,
  }
}
