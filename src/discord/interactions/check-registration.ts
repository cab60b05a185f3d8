import type { REST } from 'discord.js'

import type { Config } from '../../config/config.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { Log } from '../../lib/log.ts'

import { describeError } from '../rest/errors.ts'
import { type CommandBody, fetchRegistered, findDrift, registerCommands } from './registration.ts'

export interface Alignment {
  applicationId: Snowflake
  commands: readonly CommandBody[]
  config: Pick<Config, 'allowedGuilds'>
  /** Register at once, for every server, instead of only saying that Discord's list differs. */
  register: boolean
  log: Log
}

/** Compares Discord's list of commands with ours at the start. Registering is a deliberate act of the operator: Discord counts how often. */
export async function alignCommands(rest: REST, { applicationId, commands, config, register, log }: Alignment): Promise<void> {
  if (register) {
    await registerCommands(rest, { applicationId }, commands)
    return
  }
  try {
    await tellDrift(rest, { applicationId, commands, config, log })
  } catch (error) {
    // Only for the operator to know: Discord's faults do not keep the bot from starting.
    log.warn({ failure: describeError(error) }, 'it could not be seen whether Discord shows the commands of this version')
  }
}

async function tellDrift(rest: REST, { applicationId, commands, config, log }: Omit<Alignment, 'register'>): Promise<void> {
  const everywhere = findDrift(commands, await fetchRegistered(rest, { applicationId }))
  if (everywhere.length === 0) return
  for (const guildId of config.allowedGuilds === '*' ? [] : config.allowedGuilds) {
    const registered = await fetchRegistered(rest, { applicationId, guildId }).catch(() => []) // the bot is not in that server (yet)
    if (findDrift(commands, registered).length === 0) return
  }
  log.warn({ differences: everywhere }, 'Discord shows other commands than this version has: run `npm run register`')
}
