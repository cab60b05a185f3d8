import type { AutocompleteInteraction, ChatInputCommandInteraction } from 'discord.js'
import { SlashCommandStringOption } from 'discord.js'

import type { Choice } from '../../src/discord/interactions/command.ts'
import type { ProviderId } from '../../src/domain/provider-id.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { commandText, textIn } from '../../src/discord/text/text.ts'
import type { ClipService } from '../../src/generations/model/clip-service-port.ts'

export const providerOption = new SlashCommandStringOption()
  .setName('provider')
  .setDescription(commandText('option.provider'))
  .setAutocomplete(true)

/** The providers that can do what was typed so far and fit what is being typed. `image`: a clip from an image is always one, picked yet or not. */
export function suggestProviders(interaction: AutocompleteInteraction, { image }: { image: boolean }, clipService: ClipService): Choice[] {
  const { options } = interaction
  const text = textIn(interaction.locale)
  const typed = options.getFocused().trim().toLowerCase()
  const choices = clipService.choices({
    image,
    // Discord names an image that was picked, but does not describe it before the command is sent.
    lastImage: options.get('last_image') !== null,
    negativePrompt: options.getString('negative')?.trim() || undefined,
    guidance: options.getNumber('guidance') ?? undefined,
  })
  return choices
    .map(({ id, name, price }) => ({ name: text('choice.provider', { provider: name, price, seconds: 5 }), value: id }))
    .filter(({ name, value }) => name.toLowerCase().includes(typed) || value.includes(typed))
}

/**
 * The provider that the member typed or picked; undefined where the bot chooses. Any text can arrive here, whatever autocomplete offered. Whether
 * the provider can make this clip is checked later. Throws `provider-unknown`.
 */
export function readProvider(
  { options }: ChatInputCommandInteraction,
  { image }: { image: boolean },
  clipService: ClipService,
): ProviderId | undefined {
  const typed = options.getString('provider')?.trim()
  if (!typed) return undefined
  const choices = clipService.choices({ image, lastImage: false })
  const chosen = choices.find(({ id, name }) => [id, name.toLowerCase()].includes(typed.toLowerCase()))
  if (chosen) return chosen.id
  throw new Refusal('provider-unknown', { typed, choices: choices.map(({ id }) => id) })
}
