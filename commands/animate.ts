import type { ChatInputCommandInteraction } from 'discord.js'

import type { Command } from '../src/discord/command.ts'
import { refuseUndeliverable, requesterOf } from '../src/discord/requester.ts'
import type { ClipWish } from '../src/studio.ts'

import { guildCommand, imageOption, promptOption, readClipOptions, readPicture, withClipOptions } from './options.ts'
import type { Parts } from './parts.ts'

export const animate = {
  data: withClipOptions(
    guildCommand('animate', 'Bring a picture to life in a short clip').addAttachmentOption(imageOption).addStringOption(promptOption),
  ),
  acknowledge: 'defer',
  check(interaction, { studio }) {
    refuseUndeliverable(interaction)
    studio.check(readWish(interaction), requesterOf(interaction))
  },
  async execute(interaction, { studio }) {
    await studio.request(readWish(interaction), requesterOf(interaction)) // from here on the card belongs to the studio
  },
} satisfies Command<Parts>

function readWish(interaction: ChatInputCommandInteraction): ClipWish {
  return { ...readClipOptions(interaction), picture: readPicture(interaction) }
}
