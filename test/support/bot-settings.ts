import type { BotSettings } from '../../src/main.ts'
import type { TestSandbox } from './sandbox.ts'

/** Settings as plain JSON for one more bot over the sandbox's store, which reaches fal's queue by another way. */
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
      fal: { queue, storage: providers.fal.origins.rest },
      replicate: { api: providers.replicate.origins.api },
      wavespeed: { api: providers.wavespeed.origins.api },
      runware: { api: providers.runware.origins.api },
      eachlabs: { api: providers.eachlabs.origins.api },
      allowPrivateAddresses: true,
    },
  }
}
