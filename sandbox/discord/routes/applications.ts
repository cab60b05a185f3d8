import { type ApiAnswer, type ApiCall, param, type Route } from '../http/route.ts'
import type { CommandForm } from '../model/command.ts'
import { refuse, refuseForm } from '../model/errors.ts'
import { commandPayload } from '../payloads/commands.ts'
import { userPayload } from '../payloads/people.ts'
import { commandRuleIssues } from '../validation/command-rules.ts'
import { commandIssues } from '../validation/spec.ts'
import type { World } from '../world/world.ts'

/** The guild of the path, undefined for global commands. Commands need the application in the guild, not the bot. */
function scopeOf(call: ApiCall, world: World): string | undefined {
  if (param(call, 'application') !== world.applicationId) throw refuse.unknownApplication()
  const guildId = call.params['guild']
  if (guildId === undefined) return undefined
  if (world.directory.guilds.get(guildId)?.installedBy !== 'guild') throw refuse.missingAccess()
  return guildId
}

function list(call: ApiCall, world: World): ApiAnswer {
  return { status: 200, body: world.commands.list(scopeOf(call, world)).map((command) => commandPayload(command, world.applicationId)) }
}

function overwrite(call: ApiCall, world: World): ApiAnswer {
  const guildId = scopeOf(call, world)
  if (!Array.isArray(call.json)) {
    refuseForm([{ path: [], code: 'LIST_TYPE_CONVERT', message: 'Only iterables may be used in a ListType' }])
    return { status: 400 }
  }
  refuseForm(commandIssues(call.json))
  const forms = call.json as CommandForm[]
  refuseForm(commandRuleIssues(forms))
  return { status: 200, body: world.commands.overwrite(guildId, forms).map((command) => commandPayload(command, world.applicationId)) }
}

export const applicationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/applications/@me',
    operation: 'get_my_application',
    needsBot: true,
    answer: (_call, world) => ({ status: 200, body: applicationPayload(world) }),
  },
  { method: 'GET', path: '/applications/:application/commands', operation: 'list_application_commands', needsBot: true, answer: list },
  {
    method: 'PUT',
    path: '/applications/:application/commands',
    operation: 'bulk_set_application_commands',
    needsBot: true,
    answer: overwrite,
  },
  {
    method: 'GET',
    path: '/applications/:application/guilds/:guild/commands',
    operation: 'list_guild_application_commands',
    needsBot: true,
    answer: list,
  },
  {
    method: 'PUT',
    path: '/applications/:application/guilds/:guild/commands',
    operation: 'bulk_set_guild_application_commands',
    needsBot: true,
    answer: overwrite,
  },
]

function applicationPayload(world: World): unknown {
  const owner = { ...userPayload(world.directory.bot), id: world.applicationId }
  return {
    id: world.applicationId,
    name: world.directory.bot.name,
    icon: null,
    description: '',
    type: null,
    flags: 0,
    flags_new: '0',
    bot: userPayload(world.directory.bot),
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: '0'.repeat(64),
    redirect_uris: [],
    interactions_endpoint_url: null,
    role_connections_verification_url: null,
    owner,
    approximate_guild_count: [...world.directory.guilds.values()].filter(({ botIsMember }) => botIsMember).length,
    approximate_user_install_count: 0,
    approximate_user_authorization_count: 0,
    explicit_content_filter: 0,
    team: null,
    eligible_oauth2_scopes: ['bot', 'applications.commands'],
  }
}
