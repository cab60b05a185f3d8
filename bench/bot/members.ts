import { readCommands } from '../../commands/index.ts'
import { type LocalDiscord, startLocalDiscord } from '../../sandbox/discord/local-discord.ts'
import type { Member } from '../../sandbox/discord/people/member.ts'

export interface MembersOptions {
  guilds: number
  membersPerGuild: number
}

export interface Community {
  discord: LocalDiscord
  /** One of each guild in turn. */
  members: readonly Member[]
}

/** A local Discord with the bot's commands, and with guilds and members who can use them. Closed when `cleanup` is disposed of. */
export async function startCommunity({ guilds, membersPerGuild }: MembersOptions, cleanup: AsyncDisposableStack): Promise<Community> {
  const discord = cleanup.use(await startLocalDiscord({ rateLimit: { limit: 50, windowMs: 1000 } }))
  const all = Array.from({ length: guilds }, (_, index) => discord.createGuild({ name: `Server ${index + 1}` }))
  const members = Array.from({ length: membersPerGuild }, (_, index) =>
    all.map((guild) => guild.createMember({ name: `M${index}` })),
  ).flat()
  await registerCommands(discord)
  return { discord, members }
}

/** As `npm run register` does: `npm start` registers nothing. */
async function registerCommands({ apiUrl, applicationId, botToken }: LocalDiscord): Promise<void> {
  const { commands } = await readCommands()
  const response = await fetch(`${apiUrl}/v10/applications/${applicationId}/commands`, {
    method: 'PUT',
    headers: { authorization: `Bot ${botToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(commands.map(({ data }) => data.toJSON())),
  })
  if (!response.ok) throw new Error(`the commands were not registered: HTTP ${response.status}`)
}
