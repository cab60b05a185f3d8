import { commandText } from '../src/discord/text/text.ts'

import {
  aspectOption,
  clipCommand,
  guildCommand,
  promptOption,
  readAspect,
  readClipOptions,
  withClipOptions,
} from './options/clip-options.ts'

export const film = clipCommand(
  withClipOptions(guildCommand('film', commandText('command.film')).addStringOption(promptOption).addStringOption(aspectOption)),
  { image: false, read: (interaction) => ({ ...readClipOptions(interaction), aspectRatio: readAspect(interaction) }) },
)
