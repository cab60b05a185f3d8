import type { ChatInputCommandInteraction } from 'discord.js'

import type { Command } from '../src/discord/interactions/command.ts'
import { refuseUndeliverable, requesterOf } from '../src/discord/interactions/requester.ts'
import { commandText } from '../src/discord/text/text.ts'
import type { ClipInput, ClipService } from '../src/generations/model/clip-service-port.ts'

import {
  guildCommand,
  imageOption,
  lastImageOption,
  promptOption,
  readClipOptions,
  readImage,
  readLastImage,
  withClipOptions,
} from './options/clip-options.ts'
import { readProvider, suggestProviders } from './options/provider-option.ts'

export const animate = {
  data: withClipOptions(
    guildCommand('animate', commandText('command.animate'))
      .addAttachmentOption(imageOption)
      .addStringOption(promptOption)
      .addAttachmentOption(lastImageOption),
  ),
  acknowledge: 'defer',
  check(interaction, { clipService }) {
    refuseUndeliverable(interaction)
    clipService.check(readInput(interaction, clipService), requesterOf(interaction))
  },
  autocomplete: (interaction, { clipService }) => suggestProviders(interaction, { image: true }, clipService),
  async execute(interaction, { clipService }) {
    await clipService.request(readInput(interaction, clipService), requesterOf(interaction)) // from here on the card belongs to the clip service
  },
} satisfies Command

function readInput(interaction: ChatInputCommandInteraction, clipService: ClipService): ClipInput {
  const input = { ...readClipOptions(interaction), image: readImage(interaction), lastImage: readLastImage(interaction) }
  return { ...input, provider: readProvider(interaction, input, clipService) }
}
