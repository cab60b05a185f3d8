import { param, type Route } from '../http/route.ts'
import { refuse, refuseForm } from '../model/errors.ts'
import { allows } from '../model/permissions.ts'
import { channelPayload } from '../payloads/channels.ts'
import { userPayload } from '../payloads/people.ts'
import { requestIssues } from '../validation/spec.ts'

/** Where the gateway is, who the bot is, whom it writes to, and which rules a guild has. */
export const identityRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/gateway/bot',
    operation: 'get_bot_gateway',
    needsBot: true,
    answer: (_call, world) => ({
      status: 200,
      body: {
        url: world.gatewayUrl,
        shards: 1,
        session_start_limit: { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 },
      },
    }),
  },
  {
    method: 'GET',
    path: '/users/@me',
    operation: 'get_my_user',
    needsBot: true,
    answer: (_call, world) => ({
      status: 200,
      body: { ...userPayload(world.directory.bot), verified: true, mfa_enabled: false, locale: 'en-US', email: null },
    }),
  },
  {
    method: 'POST',
    path: '/users/@me/channels',
    operation: 'create_dm',
    needsBot: true,
    answer: (call, world) => {
      refuseForm(requestIssues('create_dm', call.json))
      const { recipient_id: recipientId } = call.json as { recipient_id?: string | null }
      if (typeof recipientId !== 'string' || !world.directory.users.has(recipientId)) throw refuse.unknownUser()
      const existing = world.directory.directChannelWith(recipientId)
      const channel = existing ?? {
        id: world.snowflakes.next(),
        guildId: undefined,
        name: '',
        kind: 'direct' as const,
        parentId: undefined,
        recipientId,
        nsfw: false,
        botPermissions: undefined,
      }
      world.directory.channels.set(channel.id, channel)
      return { status: 200, body: channelPayload(channel, world.directory) }
    },
  },
  {
    method: 'GET',
    path: '/guilds/:guild/auto-moderation/rules',
    operation: 'list_auto_moderation_rules',
    needsBot: true,
    answer: (call, world) => {
      const guild = world.directory.guilds.get(param(call, 'guild'))
      if (!guild) throw refuse.unknownGuild()
      if (!guild.botIsMember) throw refuse.missingAccess()
      if (!allows(guild.botPermissions, 'ManageGuild')) throw refuse.missingPermissions()
      return { status: 200, body: [] }
    },
  },
]
