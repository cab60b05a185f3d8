import { type ApiCall, type ApiResponse, param, route } from '../http/route.ts'
import { refuse } from '../model/errors.ts'
import { issue, refuseForm } from '../model/form-issues.ts'
import { restGuildPayload } from '../payloads/guilds.ts'
import type { World } from '../world/world.ts'

/** The guild as the API returns it. */
export const guildRoutes = [route('GET /guilds/:guild', 'get_guild', getGuild)]

function getGuild(call: ApiCall, { directory }: World): ApiResponse {
  const id = param(call, 'guild')
  if (!/^\d{1,20}$/.test(id)) refuseForm([issue(['guild_id'], 'NUMBER_TYPE_COERCE', `Value "${id}" is not snowflake.`)])
  const guild = directory.guilds.get(id)
  if (!guild) throw refuse.unknownGuild()
  if (!guild.botIsMember) throw refuse.missingAccess()
  return { status: 200, body: restGuildPayload(guild, directory, { withCounts: isTrue(call.query.get('with_counts')) }) }
}

/** Discord accepts a boolean of the query in several spellings. */
function isTrue(value: string | null): boolean {
  return /^(true|1)$/i.test(value ?? '')
}
