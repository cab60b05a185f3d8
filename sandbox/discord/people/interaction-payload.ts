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
import type { ChannelRecord } from '../model/channels.ts'
import type { MemberRecord } from '../model/directory.ts'
import { interactionTypes, type StoredInteraction } from '../model/interaction.ts'
import type { StoredMessage } from '../model/message.ts'
import { permissionSet } from '../model/permissions.ts'
import { interactionChannelPayload } from '../payloads/channels.ts'
import { memberPayload } from '../payloads/people.ts'
import type { Wire } from '../payloads/wire.ts'
import type { World } from '../world/world.ts'
import type { SentOption } from './options.ts'

export interface InteractionOrigin {
  interaction: StoredInteraction
  member: MemberRecord
  channel: ChannelRecord
  /** False leaves `attachment_size_limit` out, as Discord has done at times. */
  tellsLimit: boolean
}

function common({ interaction, member, channel, tellsLimit }: InteractionOrigin, world: World) {
  const { id, token, guildId, attachmentSizeLimit } = interaction
  return {
    id,
    application_id: world.applicationId,
    token,
    version: 1 as const,
    guild_id: guildId,
    guild: { id: guildId, features: [], locale: 'en-US' },
    guild_locale: 'en-US',
    channel_id: channel.id,
    channel: interactionChannelPayload(channel, member.permissions, world.directory),
    locale: 'en-US',
    member: memberPayload(member),
    // Without the bot in the guild Discord sends the permissions of the token alone.
    app_permissions: String(world.directory.botPermissionsIn(channel) ?? permissionSet(['EmbedLinks', 'AttachFiles'])),
    entitlements: [],
    authorizing_integration_owners: { 0: guildId },
    context: 0,
    ...(tellsLimit && { attachment_size_limit: attachmentSizeLimit }),
  }
}

function commandData({ id, name, guildId }: RegisteredCommand) {
  return { id, name, type: 1 as const, ...(guildId && { guild_id: guildId }) }
}

export function commandPayloadOf(
  origin: InteractionOrigin,
  command: RegisteredCommand,
  sent: { options: SentOption[]; attachments: Wire<APIAttachment>[] },
  world: World,
): Wire<Partial<APIChatInputApplicationCommandInteraction>> {
  const resolved = { attachments: Object.fromEntries(sent.attachments.map((attachment) => [attachment.id, attachment])) }
  return {
    ...common(origin, world),
    type: interactionTypes.command,
    data: {
      ...commandData(command),
      options: sent.options as Wire<APIApplicationCommandInteractionDataOption[]>,
      ...(sent.attachments.length > 0 && { resolved }),
    },
  }
}

/** A command that is still being typed. Discord resolves nothing in it: a picked file is only an id. */
export function autocompletePayloadOf(
  origin: InteractionOrigin,
  command: RegisteredCommand,
  options: SentOption[],
  world: World,
): Wire<Partial<APIApplicationCommandAutocompleteInteraction>> {
  return {
    ...common(origin, world),
    type: interactionTypes.autocomplete,
    data: {
      ...commandData(command),
      options: options as Wire<APIApplicationCommandInteractionDataOption<InteractionType.ApplicationCommandAutocomplete>[]>,
    },
  }
}

export function buttonPayloadOf(
  origin: InteractionOrigin,
  button: { customId: string; id: number },
  message: StoredMessage,
  world: World,
): Wire<Partial<APIMessageComponentInteraction>> {
  // Discord also sends the component's id, which the types do not know yet.
  const data = { component_type: 2, custom_id: button.customId, id: button.id }
  return {
    ...common(origin, world),
    type: interactionTypes.component,
    message: world.messagePayload(message) as unknown as Wire<APIMessage>,
    data,
  }
}
