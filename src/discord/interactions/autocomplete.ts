import type { AutocompleteInteraction } from 'discord.js'

import type { Log } from '../../lib/log.ts'

import type { Choice, Command, CommandContext } from './command.ts'
import { describeError } from '../rest/errors.ts'

/** Discord refuses the whole answer if there are more. */
const mostChoices = 25

/**
 * Answers what a member is typing with the command's choices. Never rejects: a failure is an empty list, because a member who finds nothing
 * to pick can still type on. The log names the command and never what was typed.
 */
export async function suggest(
  interaction: AutocompleteInteraction,
  command: Command | undefined,
  context: CommandContext,
  log: Log,
): Promise<void> {
  const describe = (error: unknown) => ({ interaction: interaction.id, what: interaction.commandName, failure: describeError(error) })
  try {
    await interaction.respond(choicesOf().slice(0, mostChoices))
  } catch (error) {
    log.warn(describe(error), 'the choices did not reach the member')
  }

  function choicesOf(): readonly Choice[] {
    try {
      return command?.autocomplete?.(interaction, context) ?? []
    } catch (error) {
      log.error(describe(error), 'no choices could be found')
      return []
    }
  }
}
