import type { AutocompleteInteraction, ChatInputCommandInteraction } from 'discord.js'
import { SlashCommandStringOption } from 'discord.js'

import type { Choice } from '../src/discord/interactions/command.ts'
import { formatUsd } from '../src/domain/money.ts'
import type { ProviderId } from '../src/domain/provider-id.ts'
import { providerIds, providerNames } from '../src/domain/provider-id.ts'
import { Refusal } from '../src/domain/refusal.ts'
import type { ClipInput, ProviderChoice, ClipService, PartialClipInput } from '../src/clip-service.ts'

export const providerOption = new SlashCommandStringOption()
  .setName('provider')
  .setDescription('The provider that makes the clip (the bot chooses if left out)')
  .setAutocomplete(true)

/** The providers that can do what was typed so far and fit what is being typed. `image`: a clip from an image is always one, picked yet or not. */
export function suggestProviders(
  { options }: AutocompleteInteraction,
  { image }: Pick<PartialClipInput, 'image'>,
  clipService: Pick<ClipService, 'choices'>,
): Choice[] {
  const typed = options.getFocused().trim().toLowerCase()
  const choices = clipService.choices({
    image,
    // Discord names an image that was picked, but does not describe it before the command is sent.
    lastImage: options.get('last_image') !== null,
    negativePrompt: options.getString('negative')?.trim() || undefined,
    guidance: options.getNumber('guidance') ?? undefined,
  })
  return choices
    .map((choice) => ({ name: labelOf(choice), value: choice.id }))
    .filter(({ name, value }) => name.toLowerCase().includes(typed) || value.includes(typed))
}

/**
 * The provider that was asked for by id or by name; undefined where the bot shall choose. What autocomplete offers binds nobody, so any text can
 * arrive here, and a provider that was offered before the last option was filled in. Throws `provider-unknown` with the providers that can make this
 * clip, and with the name of the one that was meant, if it has one.
 */
export function readProvider(
  { options }: ChatInputCommandInteraction,
  input: Omit<ClipInput, 'provider'>,
  clipService: Pick<ClipService, 'choices'>,
): ProviderId | undefined {
  const typed = options.getString('provider')?.trim().toLowerCase()
  if (!typed) return undefined
  const meant = providerIds.find((id) => id === typed || providerNames[id].toLowerCase() === typed)
  const { image, lastImage, negativePrompt, guidance } = input
  const choices = clipService.choices({ image: image !== undefined, lastImage: lastImage !== undefined, negativePrompt, guidance })
  const chosen = choices.find(({ id }) => id === meant)
  if (chosen) return chosen.id
  throw new Refusal('provider-unknown', { ...(meant && { provider: providerNames[meant] }), choices: choices.map(({ name }) => name) })
}

function labelOf({ name, price }: ProviderChoice): string {
  return `${name} · ${formatUsd(price)} for 5 s`
}
