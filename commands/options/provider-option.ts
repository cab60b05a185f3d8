import type { AutocompleteInteraction, ChatInputCommandInteraction } from 'discord.js'
import { SlashCommandStringOption } from 'discord.js'

import type { Choice } from '../../src/discord/interactions/command.ts'
import type { ProviderId } from '../../src/domain/provider-id.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { commandText, textIn } from '../../src/discord/text/text.ts'
import type { ClipService } from '../../src/generations/model/clip-service-port.ts'

import { defaultDuration, readDuration } from './duration.ts'

export const providerOption = new SlashCommandStringOption()
  .setName('provider')
  .setDescription(commandText('option.provider'))
  .setAutocomplete(true)

/** The providers that support the options typed so far and match the typed name. `image` says whether the command needs one. */
export function suggestProviders(interaction: AutocompleteInteraction, { image }: { image: boolean }, clipService: ClipService): Choice[] {
  const { options } = interaction
  const text = textIn(interaction.locale)
  const typed = options.getFocused().trim().toLowerCase()
  const seconds = readDuration(interaction)
  const choices = clipService.choices({
    image,
    durationSeconds: seconds,
    // While options are typed, Discord sends only the id of a chosen image.
    lastImage: options.get('last_image') !== null,
    negativePrompt: options.getString('negative')?.trim() || undefined,
    guidance: options.getNumber('guidance') ?? undefined,
  })
  return choices
    .map(({ id, name, price }) => ({ name: text('choice.provider', { provider: name, price, seconds }), value: id }))
    .filter(({ name, value }) => name.toLowerCase().includes(typed) || value.includes(typed))
}

/**
 * The provider that the member chose; undefined if the bot may choose. Members can send any text, whatever autocomplete offered. Throws
 * `provider-unknown`; whether the provider supports this clip is checked later.
 */
export function readProvider(
  { options }: ChatInputCommandInteraction,
  { image }: { image: boolean },
  clipService: ClipService,
): ProviderId | undefined {
  const typed = options.getString('provider')?.trim()
  if (!typed) return undefined
  const choices = clipService.choices({ image, lastImage: false, durationSeconds: defaultDuration })
  const chosen = choices.find(({ id, name }) => [id, name.toLowerCase()].includes(typed.toLowerCase()))
  if (chosen) return chosen.id
  throw new Refusal('provider-unknown', { typed, choices: choices.map(({ id }) => id) })
}
