import type { Attachment, ChatInputCommandInteraction, SlashCommandOptionsOnlyBuilder } from 'discord.js'
import {
  ApplicationIntegrationType,
  InteractionContextType,
  SlashCommandAttachmentOption,
  SlashCommandBuilder,
  SlashCommandIntegerOption,
  SlashCommandNumberOption,
  SlashCommandStringOption,
} from 'discord.js'

import type { AspectRatio, DurationSeconds } from '../../src/domain/clip-request.ts'
import { clipLimits } from '../../src/domain/clip-request.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { commandText } from '../../src/discord/text/text.ts'
import type { ClipInput, ImageInput } from '../../src/generations/model/clip-service-port.ts'
import { imageLimits } from '../../src/media/images/image-limits.ts'

import { providerOption } from './provider-option.ts'

const defaultDuration: DurationSeconds = 5

/** A command of a guild that has the bot: nowhere else can a clip be paid for and delivered. */
export function guildCommand(name: string, description: string): SlashCommandBuilder {
  return new SlashCommandBuilder()
    .setName(name)
    .setDescription(description)
    .setContexts(InteractionContextType.Guild)
    .setIntegrationTypes(ApplicationIntegrationType.GuildInstall)
}

export const imageOption = new SlashCommandAttachmentOption()
  .setName('image')
  .setDescription(commandText('option.image', { limitPixels: imageLimits.minPixels }))
  .setFileTypes('.png', '.jpg', '.jpeg')
  .setRequired(true)

export const promptOption = new SlashCommandStringOption()
  .setName('prompt')
  .setDescription(commandText('option.prompt'))
  .setMinLength(2)
  .setMaxLength(clipLimits.promptCharacters)
  .setRequired(true)

export const lastImageOption = new SlashCommandAttachmentOption()
  .setName('last_image')
  .setDescription(commandText('option.last-image', { limitPixels: imageLimits.minPixels }))
  .setFileTypes('.png', '.jpg', '.jpeg')

const aspectOption = new SlashCommandStringOption()
  .setName('aspect')
  .setDescription(commandText('option.aspect'))
  .addChoices(clipLimits.aspectRatios.map((ratio) => ({ name: ratio, value: ratio })))

const durationOption = new SlashCommandIntegerOption()
  .setName('duration')
  .setDescription(commandText('option.duration', { seconds: defaultDuration }))
  .addChoices(clipLimits.durationsSeconds.map((seconds) => ({ name: commandText('choice.duration', { seconds }), value: seconds })))

const negativeOption = new SlashCommandStringOption()
  .setName('negative')
  .setDescription(commandText('option.negative'))
  .setMaxLength(clipLimits.negativePromptCharacters)

const guidanceOption = new SlashCommandNumberOption()
  .setName('guidance')
  .setDescription(commandText('option.guidance'))
  .setMinValue(0)
  .setMaxValue(1)

export function withAspect(builder: SlashCommandOptionsOnlyBuilder): SlashCommandOptionsOnlyBuilder {
  return builder.addStringOption(aspectOption)
}

/** The options that every clip has, after the required ones. */
export function withClipOptions(builder: SlashCommandOptionsOnlyBuilder): SlashCommandOptionsOnlyBuilder {
  return builder
    .addIntegerOption(durationOption)
    .addStringOption(negativeOption)
    .addNumberOption(guidanceOption)
    .addStringOption(providerOption)
}

/** What the member typed. Throws `prompt-empty` where there are no words. */
export function readClipOptions({ options }: ChatInputCommandInteraction): ClipInput {
  const prompt = options.getString('prompt', true).trim()
  if (prompt === '') throw new Refusal('prompt-empty')
  return {
    prompt,
    negativePrompt: options.getString('negative')?.trim() || undefined,
    durationSeconds: clipLimits.durationsSeconds.find((seconds) => seconds === options.getInteger('duration')) ?? defaultDuration,
    guidance: options.getNumber('guidance') ?? undefined,
  }
}

export function readAspect({ options }: ChatInputCommandInteraction): AspectRatio {
  return clipLimits.aspectRatios.find((ratio) => ratio === options.getString('aspect')) ?? '16:9'
}

/** What Discord says of the image; the bytes are looked at later. Throws `image-missing`. */
export function readImage({ options }: ChatInputCommandInteraction): ImageInput {
  const attachment = options.getAttachment('image')
  if (!attachment) throw new Refusal('image-missing')
  return describeImage(attachment)
}

/** The image on which the clip shall end, if there is one. */
export function readLastImage({ options }: ChatInputCommandInteraction): ImageInput | undefined {
  const attachment = options.getAttachment('last_image')
  return attachment ? describeImage(attachment) : undefined
}

function describeImage({ url, name, size, width, height }: Attachment): ImageInput {
  return { url, name, sizeBytes: size, width: width ?? undefined, height: height ?? undefined }
}
