import type { ChatInputCommandInteraction, SlashCommandOptionsOnlyBuilder } from 'discord.js'
import {
  ApplicationIntegrationType,
  InteractionContextType,
  SlashCommandAttachmentOption,
  SlashCommandBuilder,
  SlashCommandStringOption,
} from 'discord.js'

import type { AspectRatio } from '../../src/domain/clip-request.ts'
import { clipLimits } from '../../src/domain/clip-request.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import type { Command } from '../../src/discord/interactions/command.ts'
import { refuseUndeliverable, requesterOf } from '../../src/discord/interactions/requester.ts'
import { commandText } from '../../src/discord/text/text.ts'
import type { ClipInput, ClipService, ImageInput } from '../../src/generations/model/clip-service-port.ts'
import { imageLimits } from '../../src/media/images/image-limits.ts'

import { defaultDuration, readDuration } from './duration.ts'
import { providerOption, readProvider, suggestProviders } from './provider-option.ts'

export function imageOption(name: 'image' | 'last_image', key: 'option.image' | 'option.last-image'): SlashCommandAttachmentOption {
  const description = commandText(key, { limitPixels: imageLimits.minPixels })
  return new SlashCommandAttachmentOption().setName(name).setDescription(description).setFileTypes('.png', '.jpg', '.jpeg')
}

export const promptOption = new SlashCommandStringOption()
  .setName('prompt')
  .setDescription(commandText('option.prompt'))
  .setMinLength(clipLimits.leastCharacters)
  .setMaxLength(clipLimits.promptCharacters)
  .setRequired(true)

export const aspectOption = new SlashCommandStringOption()
  .setName('aspect')
  .setDescription(commandText('option.aspect'))
  .addChoices(clipLimits.aspectRatios.map((ratio) => ({ name: ratio, value: ratio })))

/** What the member typed. Throws `prompt-empty`: what Discord counts may be blanks. */
export function readClipOptions(interaction: ChatInputCommandInteraction): ClipInput {
  const { options } = interaction
  const prompt = options.getString('prompt', true).trim()
  if (prompt.length < clipLimits.leastCharacters) throw new Refusal('prompt-empty')
  return {
    prompt,
    negativePrompt: options.getString('negative')?.trim() || undefined,
    durationSeconds: readDuration(interaction),
    guidance: options.getNumber('guidance') ?? undefined,
  }
}

export function readAspect({ options }: ChatInputCommandInteraction): AspectRatio {
  return clipLimits.aspectRatios.find((ratio) => ratio === options.getString('aspect')) ?? '16:9'
}

/** The image as Discord describes it, if there is one; its bytes are checked later. */
export function readImage({ options }: ChatInputCommandInteraction, name: 'image' | 'last_image'): ImageInput | undefined {
  const attachment = options.getAttachment(name)
  if (!attachment) return undefined
  const { url, size, width, height } = attachment
  return { url, name: attachment.name, sizeBytes: size, width: width ?? undefined, height: height ?? undefined }
}

interface ClipCommand {
  /** Whether the command needs an image. */
  image: boolean
  /** Adds the command's own options; those that every clip has follow. */
  addOptions: (builder: SlashCommandBuilder) => SlashCommandOptionsOnlyBuilder
  /** Throws a `Refusal` if what was typed is not a request. */
  read: (interaction: ChatInputCommandInteraction) => ClipInput
}

/** A command that requests a clip, in guilds that have the bot: elsewhere nothing pays for a clip, and it cannot be delivered. */
export function clipCommand(name: 'animate' | 'film', { image, addOptions, read }: ClipCommand) {
  const builder = new SlashCommandBuilder()
    .setName(name)
    .setDescription(commandText(`command.${name}`))
    .setContexts(InteractionContextType.Guild)
    .setIntegrationTypes(ApplicationIntegrationType.GuildInstall)
  const data = addOptions(builder)
    .addIntegerOption((duration) =>
      duration
        .setName('duration')
        .setDescription(commandText('option.duration', { seconds: defaultDuration }))
        .addChoices(clipLimits.durationsSeconds.map((seconds) => ({ name: commandText('choice.duration', { seconds }), value: seconds }))),
    )
    .addStringOption((negative) =>
      negative
        .setName('negative')
        .setDescription(commandText('option.negative'))
        .setMinLength(clipLimits.leastCharacters)
        .setMaxLength(clipLimits.negativePromptCharacters),
    )
    .addNumberOption((guidance) =>
      guidance.setName('guidance').setDescription(commandText('option.guidance')).setMinValue(0).setMaxValue(1),
    )
    .addStringOption(providerOption)
  function readInput(interaction: ChatInputCommandInteraction, clipService: ClipService): ClipInput {
    return { ...read(interaction), provider: readProvider(interaction, { image }, clipService) }
  }
  return {
    data,
    acknowledge: 'defer',
    outlivesToken: true,
    check(interaction, { clipService }) {
      refuseUndeliverable(interaction)
      clipService.check(readInput(interaction, clipService), requesterOf(interaction))
    },
    autocomplete: (interaction, { clipService }) => suggestProviders(interaction, { image }, clipService),
    async execute(interaction, { clipService }) {
      await clipService.request(readInput(interaction, clipService), requesterOf(interaction))
    },
  } satisfies Command
}
