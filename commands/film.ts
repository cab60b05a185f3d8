import type { ChatInputCommandInteraction } from 'discord.js'

import type { Command } from '../src/discord/interactions/command.ts'
import { refuseUndeliverable, requesterOf } from '../src/discord/interactions/requester.ts'
import type { ClipInput, ClipService } from '../src/clip-service.ts'

import { guildCommand, promptOption, readAspect, readClipOptions, withAspect, withClipOptions } from './options.ts'
import type { CommandContext } from './context.ts'
import { readProvider, suggestProviders } from './provider-option.ts'

export const film = {
  data: withClipOptions(withAspect(guildCommand('film', 'Make a short clip from words').addStringOption(promptOption))),
  acknowledge: 'defer',
  check(interaction, { clipService }) {
    refuseUndeliverable(interaction)
    clipService.check(readInput(interaction, clipService), requesterOf(interaction))
  },
  autocomplete: (interaction, { clipService }) => suggestProviders(interaction, { image: false }, clipService),
  async execute(interaction, { clipService }) {
    await clipService.request(readInput(interaction, clipService), requesterOf(interaction)) // from here on the card belongs to the clip service
  },
} satisfies Command<CommandContext>

function readInput(interaction: ChatInputCommandInteraction, clipService: ClipService): ClipInput {
  const input = { ...readClipOptions(interaction), aspectRatio: readAspect(interaction) }
  return { ...input, provider: readProvider(interaction, input, clipService) }
}
