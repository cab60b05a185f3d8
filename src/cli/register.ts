import { readCommands } from '../../commands/index.ts'
import { liveOrigins, readConfig } from '../config/config.ts'
import { readApplicationId, registerCommands } from '../discord/interactions/registration.ts'
import { createRestClients } from '../discord/rest/clients.ts'
import { createTransport } from '../discord/rest/transport.ts'
import { wallClock } from '../lib/clock.ts'
import type { BotSettings } from '../main.ts'
import { providerDescriptors } from '../providers/registry.ts'
import { createNetwork } from '../network/network.ts'

/** `npm run register`: replaces Discord's list of commands by ours, for one server or for all. Returns their names. */
export async function registerWithDiscord(
  settings: Pick<BotSettings, 'environment' | 'origins' | 'providers'> & { guildId?: string | undefined },
): Promise<string[]> {
  const { commands } = await readCommands()
  const { discordToken } = readConfig(settings.environment, settings.providers ?? providerDescriptors)
  const origins = settings.origins ?? liveOrigins
  const network = createNetwork({ allowPrivateAddresses: origins.allowPrivateAddresses })
  const rest = createRestClients({
    api: origins.discordApi,
    botToken: discordToken,
    onTokenRejected: () => undefined,
    makeRequest: createTransport(network),
  })
  try {
    const id = await readApplicationId(rest.brief, { clock: wallClock })
    const bodies = commands.map(({ data }) => data.toJSON())
    const registered = await registerCommands(rest.brief, { applicationId: id, guildId: settings.guildId }, bodies)
    return registered.map(({ name }) => name)
  } finally {
    rest.close()
    await network.close()
  }
}
