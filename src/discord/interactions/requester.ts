import type { ChatInputCommandInteraction, PermissionsBitField, TextBasedChannel } from 'discord.js'
import { ApplicationIntegrationType, PermissionFlagsBits } from 'discord.js'

import type { Snowflake } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Requester } from '../../generations/model/generation.ts'

import { defaultUploadLimit } from '../delivery/upload-limits.ts'

import { connectPermission, neededPermissions } from './permissions.ts'

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

/** Throws the refusal of a channel in which, as the interaction itself tells, a clip could not be posted once the token has expired. */
export function refuseUndeliverable(interaction: ChatInputCommandInteraction): void {
  guildOf(interaction)
  const { channel, appPermissions } = interaction
  const missing = missingPermissions(appPermissions, kindOf(channel))
  if (missing.length > 0) throw new Refusal('missing-permissions', { permissions: missing })
  // To everyone else a locked thread is closed, for edits too.
  if (channel?.isThread() && channel.locked && !appPermissions.has(PermissionFlagsBits.ManageThreads)) throw new Refusal('thread-locked')
}

/** The names of the permissions that the bot lacks in this channel to deliver by bot token. */
export function missingPermissions(permissions: Readonly<PermissionsBitField>, kind: ChannelKind): string[] {
  const bits: readonly bigint[] = [
    PermissionFlagsBits.ViewChannel,
    kind === 'thread' ? PermissionFlagsBits.SendMessagesInThreads : PermissionFlagsBits.SendMessages,
    PermissionFlagsBits.AttachFiles,
    // Without it a search of the channel finds nothing, and a clip could be posted twice.
    PermissionFlagsBits.ReadMessageHistory,
    ...(kind === 'voice' ? [connectPermission.bit] : []),
  ]
  return [...neededPermissions, connectPermission].filter(({ bit }) => bits.includes(bit) && !permissions.has(bit)).map(({ name }) => name)
}

type ChannelKind = 'text' | 'thread' | 'voice'

function kindOf(channel: TextBasedChannel | null): ChannelKind {
  if (channel?.isThread()) return 'thread'
  return channel?.isVoiceBased() ? 'voice' : 'text'
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
