import type {
  APIApplicationCommandInteractionDataOption,
  APIAttachment,
  APIChatInputApplicationCommandInteraction,
  APIMessage,
  APIMessageComponentInteraction,
} from 'discord-api-types/v10'

import type { RegisteredCommand } from '../commands.ts'
import type { ChannelRecord, GuildRecord, MemberRecord } from '../directory.ts'
import type { StoredInteraction } from '../interactions.ts'
import type { StoredMessage } from '../message.ts'
import { channelPayload } from '../payloads/channels.ts'
import { english } from '../payloads/constants.ts'
import { memberPayload } from '../payloads/people.ts'
import { permissionSet } from '../permissions.ts'
import type { World } from '../world.ts'
import type { SentOption } from './options.ts'

export interface InteractionPlace {
  interaction: StoredInteraction
  member: MemberRecord
  guild: GuildRecord
  channel: ChannelRecord
  /** False leaves `attachment_size_limit` out, as Discord has done at times. */
  tellsLimit: boolean
}

function common(place: InteractionPlace, world: World) {
  const { interaction, member, guild, channel } = place
  return {
    id: interaction.id,
    application_id: world.applicationId,
    token: interaction.token,
    version: 1 as const,
    guild_id: guild.id,
    guild: { id: guild.id, features: [], locale: english },
    guild_locale: english,
    channel_id: channel.id,
    channel: { ...channelPayload(channel, world.directory), permissions: String(member.permissions) },
    locale: english,
    member: memberPayload(member),
    // Without the bot in the guild Discord tells what the application may do with the token alone.
    app_permissions: String(world.directory.botPermissionsIn(channel) ?? permissionSet(['EmbedLinks', 'AttachFiles'])),
    entitlements: [],
    authorizing_integration_owners: guild.installedBy === 'guild' ? { 0: guild.id } : { 1: member.user.id },
    context: 0 as const,
    ...(place.tellsLimit && { attachment_size_limit: interaction.attachmentSizeLimit }),
  }
}

export function commandPayloadOf(
  place: InteractionPlace,
  command: RegisteredCommand,
  options: SentOption[],
  attachments: APIAttachment[],
  world: World,
): unknown {
  return {
    ...common(place, world),
    type: 2,
    data: {
      id: command.id,
      name: command.name,
      type: 1,
      ...(command.guildId && { guild_id: command.guildId }),
      options: options as APIApplicationCommandInteractionDataOption[],
      ...(attachments.length > 0 && { resolved: { attachments: Object.fromEntries(attachments.map((attachment) => [attachment.id, attachment])) } }),
    },
  } as Partial<APIChatInputApplicationCommandInteraction> satisfies Partial<APIChatInputApplicationCommandInteraction>
}

export function buttonPayloadOf(place: InteractionPlace, customId: string, componentId: number, message: StoredMessage, world: World): unknown {
  return {
    ...common(place, world),
    type: 3,
    message: world.messagePayload(message) as unknown as APIMessage,
    data: { component_type: 2, custom_id: customId, id: componentId },
  } as Partial<APIMessageComponentInteraction> satisfies Partial<APIMessageComponentInteraction>
}
