import type { AutocompleteInteraction } from 'discord.js'

import type { Log } from '../../lib/log.ts'

import { describeError } from '../rest/errors.ts'

import type { Choice, Command, CommandContext } from './command.ts'

/** Discord rejects a longer list. */
const maxChoices = 25

/** Responds with the command's choices for the option that is being typed. Never rejects. The log never contains what the member typed. */
export async function suggestChoices(
  interaction: AutocompleteInteraction,
  command: Command | undefined,
  context: CommandContext,
  log: Log,
): Promise<void> {
  const describe = (error: unknown) => ({ interaction: interaction.id, command: interaction.commandName, failure: describeError(error) })
  let choices: readonly Choice[] = []
  try {
    choices = command?.autocomplete?.(interaction, context) ?? []
  } catch (error) {
    log.error(describe(error), 'autocomplete failed; no choices shown')
  }
  await interaction.respond(choices.slice(0, maxChoices)).catch((error: unknown) => {
    log.warn(describe(error), 'autocomplete choices not delivered')
  })
}
