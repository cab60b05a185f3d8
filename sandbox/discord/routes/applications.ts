import { type ApiCall, type ApiResponse, param, route } from '../http/route.ts'
import type { CommandForm, RegisteredCommand } from '../model/command.ts'
import { refuse } from '../model/errors.ts'
import { issue, refuseForm } from '../model/form-issues.ts'
import { commandPayload } from '../payloads/commands.ts'
import { botUserPayload, userPayload } from '../payloads/people.ts'
import { commandRuleIssues } from '../validation/command-rules.ts'
import { commandIssues } from '../validation/spec.ts'
import type { World } from '../world/world.ts'

/** The gateway's URL, the bot's identity, and its commands. */
export const applicationRoutes = [
  route('GET /gateway/bot', 'get_bot_gateway', (_call, { gateway }) => ({ status: 200, body: gateway.recommendation })),
  route('GET /users/@me', 'get_my_user', (_call, { directory }) => ({ status: 200, body: botUserPayload(directory.bot) })),
  route('GET /applications/@me', 'get_my_application', (_call, world) => ({ status: 200, body: applicationPayload(world) })),
  route('GET /applications/:application/commands', 'list_application_commands', list),
  route('PUT /applications/:application/commands', 'bulk_set_application_commands', overwrite),
  route('GET /applications/:application/guilds/:guild/commands', 'list_guild_application_commands', list),
  route('PUT /applications/:application/guilds/:guild/commands', 'bulk_set_guild_application_commands', overwrite),
]

/** The guild of the path; undefined for global commands. */
function scopeOf(call: ApiCall, world: World): string | undefined {
  if (param(call, 'application') !== world.applicationId) throw refuse.unknownApplication()
  const guildId = call.params['guild']
  if (guildId !== undefined && !world.directory.guilds.has(guildId)) throw refuse.missingAccess()
  return guildId
}

function list(call: ApiCall, world: World): ApiResponse {
  return commandsResponse(world.commands.list(scopeOf(call, world)), world)
}

function overwrite(call: ApiCall, world: World): ApiResponse {
  const guildId = scopeOf(call, world)
  const body = Array.isArray(call.json) ? (call.json as unknown[]) : undefined
  refuseForm(body ? commandIssues(body) : [issue([], 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType')])
  const forms = call.json as CommandForm[]
  refuseForm(commandRuleIssues(forms))
  return commandsResponse(world.commands.overwrite(guildId, forms), world)
}

function commandsResponse(commands: readonly RegisteredCommand[], { applicationId }: World): ApiResponse {
  return { status: 200, body: commands.map((command) => commandPayload(command, applicationId)) }
}

function applicationPayload({ applicationId, applicationFlags, botGuilds, directory }: World): unknown {
  const bot = userPayload(directory.bot)
  return {
    id: applicationId,
    name: directory.bot.name,
    icon: null,
    description: '',
    type: null,
    flags: applicationFlags,
    flags_new: String(applicationFlags),
    bot,
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: '0'.repeat(64),
    redirect_uris: [],
    interactions_endpoint_url: null,
    role_connections_verification_url: null,
    owner: bot,
    approximate_guild_count: botGuilds.length,
    approximate_user_install_count: 0,
    approximate_user_authorization_count: 0,
    explicit_content_filter: 0,
    team: null,
    eligible_oauth2_scopes: ['bot', 'applications.commands'],
  }
}
