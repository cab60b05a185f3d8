import { Refusal } from '../src/domain/refusal.ts'
import { commandText } from '../src/discord/text/text.ts'

import {
  clipCommand,
  guildCommand,
  imageOption,
  promptOption,
  readClipOptions,
  readImage,
  withClipOptions,
} from './options/clip-options.ts'

export const animate = clipCommand(
  withClipOptions(
    guildCommand('animate', commandText('command.animate'))
      .addAttachmentOption(imageOption('image', 'option.image').setRequired(true))
      .addStringOption(promptOption)
      .addAttachmentOption(imageOption('last_image', 'option.last-image')),
  ),
  {
    image: true,
    read(interaction) {
      const input = readClipOptions(interaction)
      const image = readImage(interaction, 'image')
      if (!image) throw new Refusal('image-missing')
      return { ...input, image, lastImage: readImage(interaction, 'last_image') }
    },
  },
)
