import type { ChatInputCommandInteraction } from 'discord.js'

import type { Command } from '../src/discord/interactions/command.ts'
import { refuseUndeliverable, requesterOf } from '../src/discord/interactions/requester.ts'
import type { ClipWish, Studio } from '../src/clip-service.ts'

import {
  guildCommand,
  imageOption,
  lastImageOption,
  promptOption,
  readClipOptions,
  readLastPicture,
  readPicture,
  withClipOptions,
} from './options.ts'
import type { Parts } from './parts.ts'
import { readProvider, suggestProviders } from './provider-option.ts'

export const animate = {
  data: withClipOptions(
    guildCommand('animate', 'Bring a picture to life in a short clip')
      .addAttachmentOption(imageOption)
      .addStringOption(promptOption)
      .addAttachmentOption(lastImageOption),
  ),
  acknowledge: 'defer',
  check(interaction, { studio }) {
    refuseUndeliverable(interaction)
    studio.check(readWish(interaction, studio), requesterOf(interaction))
  },
  autocomplete: (interaction, { studio }) => suggestProviders(interaction, { picture: true }, studio),
  async execute(interaction, { studio }) {
    await studio.request(readWish(interaction, studio), requesterOf(interaction)) // from here on the card belongs to the studio
  },
} satisfies Command<Parts>

function readWish(interaction: ChatInputCommandInteraction, studio: Studio): ClipWish {
  const wish = { ...readClipOptions(interaction), picture: readPicture(interaction), lastPicture: readLastPicture(interaction) }
  return { ...wish, provider: readProvider(interaction, wish, studio) }
}
