import type { BaseInteraction, ChatInputCommandInteraction, PermissionsBitField } from 'discord.js'
import { ApplicationIntegrationType, PermissionFlagsBits } from 'discord.js'

import { Refusal } from '../../domain/refusal.ts'
import type { Requester } from '../../generations/model/generation.ts'

import { neededPermissions } from './permissions.ts'
import { defaultUploadLimit } from '../delivery/upload-limits.ts'

/** Is the bot a member of the guild in which this happens? Where only the member installed it, no route outlives the token. */
export function isBotInGuild(interaction: Pick<BaseInteraction, 'authorizingIntegrationOwners' | 'guildId'>): boolean {
  return (
    interaction.guildId !== null &&
    interaction.authorizingIntegrationOwners[ApplicationIntegrationType.GuildInstall] === interaction.guildId
  )
}

/** Who asks, where, and how to answer. Throws `bot-not-in-guild` where a clip could not be delivered. */
export function requesterOf(interaction: ChatInputCommandInteraction): Requester {
  const { guildId, channelId } = interaction
  if (guildId === null || !isBotInGuild(interaction)) throw new Refusal('bot-not-in-guild')
  return {
    memberId: interaction.user.id,
    guildId,
    channelId,
    reply: {
      applicationId: interaction.applicationId,
      interactionId: interaction.id,
      token: interaction.token,
      attachmentSizeLimit: attachmentSizeLimitOf(interaction),
      locale: interaction.locale,
    },
  }
}

/**
 * Refuses where a clip that outlives the token could not be posted, before anything is spent. Throws `bot-not-in-guild` or
 * `missing-permissions` with the names people know.
 */
export function refuseUndeliverable(interaction: ChatInputCommandInteraction): void {
  if (!isBotInGuild(interaction)) throw new Refusal('bot-not-in-guild')
  const missing = missingPermissions(interaction.appPermissions, interaction.channel?.isThread() ?? false)
  if (missing.length > 0) throw new Refusal('missing-permissions', { permissions: missing })
}

/** By name, what the bot lacks in this channel to deliver by bot token. */
export function missingPermissions(permissions: Readonly<PermissionsBitField>, inThread: boolean): string[] {
  const bits: readonly bigint[] = [
    PermissionFlagsBits.ViewChannel,
    inThread ? PermissionFlagsBits.SendMessagesInThreads : PermissionFlagsBits.SendMessages,
    PermissionFlagsBits.AttachFiles,
    // Without it a search of the channel finds nothing, so that a clip could be announced twice.
    PermissionFlagsBits.ReadMessageHistory,
  ]
  return neededPermissions.filter(({ bit }) => bits.includes(bit) && !permissions.has(bit)).map(({ name }) => name)
}

/** discord.js leaves it undefined where Discord did not send it. */
function attachmentSizeLimitOf(interaction: { attachmentSizeLimit?: number | undefined }): number {
  return interaction.attachmentSizeLimit ?? defaultUploadLimit
}
