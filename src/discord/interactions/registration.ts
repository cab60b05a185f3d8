import { isDeepStrictEqual } from 'node:util'

import { type REST, type RESTPostAPIChatInputApplicationCommandsJSONBody, Routes } from 'discord.js'
import { z } from 'zod'

import type { Config } from '../../config/config.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import { describeError } from '../rest/errors.ts'
import { retryDiscord } from '../rest/retry-discord.ts'
import { explainUnreachable } from '../rest/unreachable.ts'

export type CommandBody = RESTPostAPIChatInputApplicationCommandsJSONBody

/** A command as Discord returns it. */
export type RegisteredCommand = z.infer<typeof RegisteredCommand>

/** `guildId` limits the commands to one guild, where they appear at once. Global commands take Discord a moment. */
interface RegistrationScope {
  applicationId: Snowflake
  guildId?: Snowflake | undefined
}

/** The application that the bot token belongs to. Retries Discord's faults for about twenty seconds. */
export function readApplicationId(rest: REST, options: { clock: Clock; signal?: AbortSignal }): Promise<Snowflake> {
  const read = async () => Application.parse(await rest.get(Routes.currentApplication(), { signal: options.signal })).id
  return explainUnreachable('Discord', () => retryDiscord(read, { ...options, delays: [1000, 4000, 15_000] }))
}

/** Replaces Discord's list of commands: commands that are not in the new list disappear. */
export async function registerCommands(
  rest: REST,
  scope: RegistrationScope,
  commands: readonly CommandBody[],
): Promise<RegisteredCommand[]> {
  return z.array(RegisteredCommand).parse(await rest.put(routeOf(scope), { body: commands }))
}

export async function fetchRegistered(rest: REST, scope: RegistrationScope): Promise<RegisteredCommand[]> {
  return z.array(RegisteredCommand).parse(await rest.get(routeOf(scope)))
}

/** Warns the operator if the registered commands differ from this version's. Never rejects: Discord's faults must not prevent a start. */
export async function checkRegistration(
  rest: REST,
  commands: readonly CommandBody[],
  { applicationId, allowedGuilds, log }: { applicationId: Snowflake; allowedGuilds: Config['allowedGuilds']; log: Log },
): Promise<void> {
  try {
    const differences = findDrift(commands, await fetchRegistered(rest, { applicationId }))
    if (differences.length === 0) return
    for (const guildId of allowedGuilds === '*' ? [] : allowedGuilds) {
      const registered = await fetchRegistered(rest, { applicationId, guildId }).catch(() => []) // the bot may not be in that guild yet
      if (findDrift(commands, registered).length === 0) return
    }
    log.warn({ differences }, 'registered commands differ from this version: run `npm run register`')
  } catch (error) {
    log.warn({ failure: describeError(error) }, 'registered commands not checked: Discord did not return them')
  }
}

/** One line per difference, for example `animate: options differs`. Empty if the registered commands are up to date. */
export function findDrift(expected: readonly CommandBody[], registered: readonly RegisteredCommand[]): string[] {
  const registeredByName = new Map(registered.map((command) => [command.name, command]))
  const differences = expected.flatMap((command) => {
    const known = registeredByName.get(command.name)
    if (!known) return [`${command.name}: not registered`]
    // Discord does not store contexts and integration types for a guild's own commands.
    const keys = comparedKeys.filter((key) => !(known.guild_id && (key === 'contexts' || key === 'integration_types')))
    return keys
      .filter((key) => !isDeepStrictEqual(normalize(new Map(Object.entries(command)).get(key)), normalize(known[key])))
      .map((key) => `${command.name}: ${key} differs`)
  })
  const names = new Set(expected.map(({ name }) => name))
  return [
    ...differences,
    ...registered.filter(({ name }) => !names.has(name)).map(({ name }) => `${name}: registered, but not in this version`),
  ]
}

const comparedKeys = ['description', 'options', 'default_member_permissions', 'nsfw', 'contexts', 'integration_types'] as const

/** Lists whose order has no meaning. */
const unordered = new Set(['contexts', 'integration_types', 'file_types', 'channel_types'])

function routeOf({ applicationId, guildId }: RegistrationScope) {
  return guildId ? Routes.applicationGuildCommands(applicationId, guildId) : Routes.applicationCommands(applicationId)
}

/** Equal for equal meanings: Discord writes defaults as null, false or empty; our builders omit them. */
function normalize(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalize(item))
    if (items.length === 0) return undefined
    return unordered.has(key) ? items.sort() : items
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .map(([name, child]) => [name, normalize(child, name)] as const)
      .filter(([, child]) => child !== undefined)
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }
  return value === null || value === false ? undefined : value
}

const Application = z.object({ id: z.string() })
const RegisteredCommand = z.looseObject({ id: z.string(), name: z.string(), guild_id: z.string().nullish() })
