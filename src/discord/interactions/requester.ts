import type { ChatInputCommandInteraction, PermissionsBitField } from 'discord.js'
import { ApplicationIntegrationType, PermissionFlagsBits } from 'discord.js'

import type { Snowflake } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Requester } from '../../generations/model/generation.ts'

import { defaultUploadLimit } from '../delivery/upload-limits.ts'

import { neededPermissions } from './permissions.ts'

/** The member, the channel and how to reply. Throws `bot-not-in-guild` where no clip could be delivered. */
export function requesterOf(interaction: ChatInputCommandInteraction): Requester {
  return {
    memberId: interaction.user.id,
    guildId: guildOf(interaction),
    channelId: interaction.channelId,
    reply: {
      applicationId: interaction.applicationId,
      interactionId: interaction.id,
      token: interaction.token,
      attachmentSizeLimit: attachmentSizeLimitOf(interaction),
      locale: interaction.locale,
    },
  }
}

/** Throws `bot-not-in-guild` or `missing-permissions` if a clip could not be posted once the token has expired. */
export function refuseUndeliverable(interaction: ChatInputCommandInteraction): void {
  guildOf(interaction)
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

/** The guild that the bot is a member of. If only the member installed the bot, nothing can be posted after the token expires. */
function guildOf({ guildId, authorizingIntegrationOwners }: ChatInputCommandInteraction): Snowflake {
  if (guildId !== null && authorizingIntegrationOwners[ApplicationIntegrationType.GuildInstall] === guildId) return guildId
  throw new Refusal('bot-not-in-guild')
}

/** Discord may omit the field, although the type of discord.js says otherwise. */
function attachmentSizeLimitOf(interaction: { attachmentSizeLimit?: number | undefined }): number {
  return interaction.attachmentSizeLimit ?? defaultUploadLimit
}
