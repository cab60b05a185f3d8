import type { ChatInputCommandInteraction, PermissionsBitField } from 'discord.js'
import { ApplicationIntegrationType, PermissionFlagsBits } from 'discord.js'

import { Refusal } from '../../domain/refusal.ts'
import type { Requester } from '../../generations/model/generation.ts'

import { defaultUploadLimit } from '../delivery/upload-limits.ts'

import { neededPermissions } from './permissions.ts'

/** Whether the bot is a member of this guild. If only the member installed it, nothing can be posted after the token expires. */
function isBotInGuild({ guildId, authorizingIntegrationOwners }: ChatInputCommandInteraction): boolean {
  return guildId !== null && authorizingIntegrationOwners[ApplicationIntegrationType.GuildInstall] === guildId
}

/** The member, the channel and how to reply. Throws `bot-not-in-guild` where no clip could be delivered. */
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
 * Throws `bot-not-in-guild` or `missing-permissions` if a clip could not be posted once the token has expired. Names the permissions as Discord
 * shows them.
 */
export function refuseUndeliverable(interaction: ChatInputCommandInteraction): void {
  if (!isBotInGuild(interaction)) throw new Refusal('bot-not-in-guild')
  const missing = missingPermissions(interaction.appPermissions, interaction.channel?.isThread() ?? false)
  if (missing.length > 0) throw new Refusal('missing-permissions', { permissions: missing })
}

/** The names of the permissions that the bot lacks in this channel to deliver by bot token. */
export function missingPermissions(permissions: Readonly<PermissionsBitField>, inThread: boolean): string[] {
  const bits: readonly bigint[] = [
    PermissionFlagsBits.ViewChannel,
    inThread ? PermissionFlagsBits.SendMessagesInThreads : PermissionFlagsBits.SendMessages,
    PermissionFlagsBits.AttachFiles,
    // Without it a search of the channel finds nothing, and a clip could be posted twice.
    PermissionFlagsBits.ReadMessageHistory,
  ]
  return neededPermissions.filter(({ bit }) => bits.includes(bit) && !permissions.has(bit)).map(({ name }) => name)
}

/** Discord may omit the field, although the type of discord.js says otherwise. */
function attachmentSizeLimitOf(interaction: { attachmentSizeLimit?: number | undefined }): number {
  return interaction.attachmentSizeLimit ?? defaultUploadLimit
}
