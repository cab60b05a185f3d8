import type { BotSettings } from '../../../src/main.ts'
import type { TestSandbox } from '../sandbox/sandbox.ts'

/** Settings as plain JSON for another bot over the sandbox's store. `queue` replaces the origin of fal's queue. */
export function botSettingsFor(
  { discord, providers, dataFolder }: TestSandbox,
  { queue = providers.fal.origins.queue, environment = {} }: { queue?: string; environment?: Record<string, string> } = {},
): Pick<BotSettings, 'environment'> & Required<Pick<BotSettings, 'origins'>> {
  return {
    environment: {
      DISCORD_TOKEN: discord.botToken,
      FAL_KEY: providers.fal.apiKey,
      ALLOWED_GUILDS: '*',
      DATA_DIR: dataFolder,
      LOG_LEVEL: 'silent',
      ...environment,
    },
    origins: {
      discordApi: discord.apiUrl,
      discordMedia: [discord.cdnOrigin],
      providers: { ...originsOf(providers), fal: { ...providers.fal.origins, queue } },
      allowPrivateAddresses: true,
    },
  }
}

/** Where the stand-ins are, as the bot is told it. */
export function originsOf({ all }: TestSandbox['providers']): NonNullable<NonNullable<BotSettings['origins']>['providers']> {
  return Object.fromEntries(all.map(({ id, origins }) => [id, origins]))
}
