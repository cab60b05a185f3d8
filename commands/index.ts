import { type CommandSet, loadCommands } from '../src/discord/interactions/load-commands.ts'

/** Every command and button in this folder. To add one, add its file; files in `private/` stay out of Git. */
export function readCommands(): Promise<CommandSet> {
  return loadCommands(new URL('.', import.meta.url))
}
