import { Refusal } from '../src/domain/refusal.ts'

import { clipCommand, imageOption, promptOption, readClipOptions, readImage } from './options/clip-options.ts'

export const animate = clipCommand('animate', {
  image: true,
  addOptions: (builder) =>
    builder
      .addAttachmentOption(imageOption('image', 'option.image').setRequired(true))
      .addStringOption(promptOption)
      .addAttachmentOption(imageOption('last_image', 'option.last-image')),
  read(interaction) {
    const input = readClipOptions(interaction)
    const image = readImage(interaction, 'image')
    if (!image) throw new Refusal('image-missing')
    return { ...input, image, lastImage: readImage(interaction, 'last_image') }
  },
})
