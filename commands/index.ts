import type { Button, Command } from '../src/discord/interactions/command.ts'

import { animate } from './animate.ts'
import { cancel } from './cancel.ts'
import { film } from './film.ts'
import type { CommandContext } from './context.ts'

export const commands: readonly Command<CommandContext>[] = [animate, film]

export const buttons: readonly Button<CommandContext>[] = [cancel]

/** As Discord wants to hear of them. */
export function commandBodies() {
  return commands.map(({ data }) => data.toJSON())
}
