import type { ChatInputCommandInteraction } from 'discord.js'

import type { Command } from '../src/discord/interactions/command.ts'
import { refuseUndeliverable, requesterOf } from '../src/discord/interactions/requester.ts'
import type { ClipWish, Studio } from '../src/clip-service.ts'

import { guildCommand, promptOption, readAspect, readClipOptions, withAspect, withClipOptions } from './options.ts'
import type { Parts } from './parts.ts'
import { readProvider, suggestProviders } from './provider-option.ts'

export const film = {
  data: withClipOptions(withAspect(guildCommand('film', 'Make a short clip from words').addStringOption(promptOption))),
  acknowledge: 'defer',
  check(interaction, { studio }) {
    refuseUndeliverable(interaction)
    studio.check(readWish(interaction, studio), requesterOf(interaction))
  },
  autocomplete: (interaction, { studio }) => suggestProviders(interaction, { picture: false }, studio),
  async execute(interaction, { studio }) {
    await studio.request(readWish(interaction, studio), requesterOf(interaction)) // from here on the card belongs to the studio
  },
} satisfies Command<Parts>

function readWish(interaction: ChatInputCommandInteraction, studio: Studio): ClipWish {
  const wish = { ...readClipOptions(interaction), aspectRatio: readAspect(interaction) }
  return { ...wish, provider: readProvider(interaction, wish, studio) }
}
