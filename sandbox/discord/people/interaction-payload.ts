import type {
  APIApplicationCommandAutocompleteInteraction,
  APIApplicationCommandInteractionDataOption,
  APIAttachment,
  APIChatInputApplicationCommandInteraction,
  APIMessage,
  APIMessageComponentInteraction,
  InteractionType,
} from 'discord-api-types/v10'

import type { RegisteredCommand } from '../model/command.ts'
import type { ChannelRecord, GuildRecord, MemberRecord } from '../model/directory.ts'
import type { StoredInteraction } from '../model/interaction.ts'
import type { StoredMessage } from '../model/message.ts'
import { permissionSet } from '../model/permissions.ts'
import { channelPayload } from '../payloads/channels.ts'
import { memberPayload } from '../payloads/people.ts'
import type { Wire } from '../payloads/wire.ts'
import type { World } from '../world/world.ts'
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
    guild: { id: guild.id, features: [], locale: 'en-US' },
    guild_locale: 'en-US',
    channel_id: channel.id,
    channel: { ...channelPayload(channel, world.directory), permissions: String(member.permissions) },
    locale: 'en-US',
    member: memberPayload(member),
    // Without the bot in the guild Discord tells what the application may do with the token alone.
    app_permissions: String(world.directory.botPermissionsIn(channel) ?? permissionSet(['EmbedLinks', 'AttachFiles'])),
    entitlements: [],
    authorizing_integration_owners: guild.installedBy === 'guild' ? { 0: guild.id } : { 1: member.user.id },
    context: 0,
    ...(place.tellsLimit && { attachment_size_limit: interaction.attachmentSizeLimit }),
  }
}

export function commandPayloadOf(
  place: InteractionPlace,
  command: RegisteredCommand,
  options: SentOption[],
  attachments: Wire<APIAttachment>[],
  world: World,
): Wire<Partial<APIChatInputApplicationCommandInteraction>> {
  return {
    ...common(place, world),
    type: 2,
    data: {
      id: command.id,
      name: command.name,
      type: 1,
      ...(command.guildId && { guild_id: command.guildId }),
      options: options as Wire<APIApplicationCommandInteractionDataOption[]>,
      ...(attachments.length > 0 && {
        resolved: { attachments: Object.fromEntries(attachments.map((attachment) => [attachment.id, attachment])) },
      }),
    },
  }
}

/** A command that is still being typed. Discord resolves nothing in it: a picked file is an id and no more. */
export function autocompletePayloadOf(
  place: InteractionPlace,
  command: RegisteredCommand,
  options: SentOption[],
  world: World,
): Wire<Partial<APIApplicationCommandAutocompleteInteraction>> {
  return {
    ...common(place, world),
    type: 4,
    data: {
      id: command.id,
      name: command.name,
      type: 1,
      ...(command.guildId && { guild_id: command.guildId }),
      options: options as Wire<APIApplicationCommandInteractionDataOption<InteractionType.ApplicationCommandAutocomplete>[]>,
    },
  }
}

export function buttonPayloadOf(
  place: InteractionPlace,
  customId: string,
  componentId: number,
  message: StoredMessage,
  world: World,
): Wire<Partial<APIMessageComponentInteraction>> {
  // Discord sends the component's number as well, which the types do not know yet.
  const data = { component_type: 2, custom_id: customId, id: componentId }
  return {
    ...common(place, world),
    type: 3,
    message: world.messagePayload(message) as unknown as Wire<APIMessage>,
    data,
  }
}
