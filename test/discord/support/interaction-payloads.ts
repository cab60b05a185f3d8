import { ids, interactionToken } from './example-generation.ts'

/** Administrator. */
const everyPermission = '8'

function common(change: object) {
  return {
    application_id: ids.application,
    token: interactionToken,
    version: 1,
    guild_id: ids.guild,
    guild: { id: ids.guild, locale: 'en-US', features: [] },
    guild_locale: 'en-US',
    channel_id: ids.channel,
    channel: { id: ids.channel, type: 0, name: 'general', guild_id: ids.guild },
    locale: 'de',
    member: {
      user: { id: ids.member, username: 'member', discriminator: '0', global_name: null, avatar: null },
      roles: [],
      joined_at: '2026-01-01T00:00:00.000Z',
      permissions: '0',
      deaf: false,
      mute: false,
      flags: 0,
    },
    app_permissions: everyPermission,
    entitlements: [],
    authorizing_integration_owners: { 0: ids.guild },
    context: 0,
    attachment_size_limit: 10_485_760,
    ...change,
  }
}

/** What the gateway sends when a member runs a slash command. Follows Discord's documentation. */
export function commandPayload(
  name: string,
  options: object[] = [],
  { resolved, ...change }: { resolved?: object; [key: string]: unknown } = {},
) {
  const command = { id: '800000000000000001', name, type: 1, options, ...(resolved && { resolved }) }
  return common({ id: ids.interaction, type: 2, data: command, ...change })
}

/** What the gateway sends at each keystroke in an option with autocomplete. */
export function autocompletePayload(name: string, options: object[], change: object = {}) {
  return common({ id: ids.interaction, type: 4, data: { id: '800000000000000001', name, type: 1, options }, ...change })
}

/** What the gateway sends when a member presses a button. */
export function buttonPayload(customId: string, change: object = {}) {
  const message = {
    id: ids.reply,
    channel_id: ids.channel,
    type: 20,
    content: '',
    author: { id: ids.application, username: 'rushes', discriminator: '0000', bot: true, global_name: null, avatar: null },
    timestamp: '2026-05-04T12:00:00.000Z',
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
    pinned: false,
    flags: 1 << 15,
  }
  return common({ id: ids.interaction, type: 3, data: { component_type: 2, custom_id: customId, id: 9 }, message, ...change })
}
