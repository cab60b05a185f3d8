import { z } from 'zod'

import { readCommands } from '../../commands/index.ts'
import { liveOrigins, type Origins, readConfig } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { readApplicationId, registerCommands } from '../discord/interactions/registration.ts'
import { createRestClients } from '../discord/rest/clients.ts'
import { createTransport } from '../discord/rest/transport.ts'
import { wallClock } from '../lib/clock.ts'
import { providerDescriptors } from '../providers/registry.ts'
import { createNetwork } from '../network/network.ts'
import { readArguments } from './arguments.ts'

const usage = 'run `npm run register -- --guild SERVER_ID` for one server, or `npm run register` for every server'
const Words = z.object({
  positionals: z.tuple([], 'Only `--guild` can be given'),
  guild: z
    .string()
    .regex(/^\d{17,20}$/, '`--guild` is the id of a server, 17 to 20 digits')
    .optional(),
})

/** The Discord that is asked, and the token of the application there. */
export interface DiscordAccess {
  discordToken: string
  origins: Pick<Origins, 'discordApi' | 'allowPrivateAddresses'>
}

export function liveAccess(environment: Environment): DiscordAccess {
  return { discordToken: readConfig(environment, providerDescriptors).discordToken, origins: liveOrigins }
}

/** `npm run register`, for every server or for one. */
export async function runRegister(
  access: () => DiscordAccess | Promise<DiscordAccess>,
  words: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const { guild } = readArguments(words, { options: { guild: { type: 'string' } }, shape: Words, usage })
  const names = await registerWithDiscord(await access(), guild)
  print(`Registered ${names.map((name) => `/${name}`).join(', ')} ${guild ? `in server ${guild}` : 'for every server'}.`)
}

/** Replaces Discord's list of commands by ours, for one server or for all. Returns their names. */
async function registerWithDiscord({ discordToken, origins }: DiscordAccess, guildId: string | undefined): Promise<string[]> {
  const { commands } = await readCommands()
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
    const registered = await registerCommands(rest.brief, { applicationId: id, guildId }, bodies)
    return registered.map(({ name }) => name)
  } finally {
    rest.close()
    await network.close()
  }
}
