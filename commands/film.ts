import { aspectOption, clipCommand, promptOption, readAspect, readClipOptions } from './options/clip-options.ts'

export const film = clipCommand('film', {
  image: false,
  addOptions: (builder) => builder.addStringOption(promptOption).addStringOption(aspectOption),
  read: (interaction) => ({ ...readClipOptions(interaction), aspectRatio: readAspect(interaction) }),
})
