import type { REST } from 'discord.js'

import type { Config } from '../../config/config.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { Log } from '../../lib/log.ts'

import { describeError } from '../rest/errors.ts'

import { type CommandBody, fetchRegistered, findDrift } from './registration.ts'

export interface RegistrationCheck {
  applicationId: Snowflake
  commands: readonly CommandBody[]
  allowedGuilds: Config['allowedGuilds']
  log: Log
}

/** Warns the operator if the registered commands differ from this version's. Never rejects: Discord's faults must not prevent a start. */
export async function checkRegistration(rest: REST, { applicationId, commands, allowedGuilds, log }: RegistrationCheck): Promise<void> {
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
