import type { RegisteredCommand } from '../model/command.ts'
import type { ChannelRecord } from '../model/channels.ts'
import type { MemberRecord } from '../model/directory.ts'
import { allows } from '../model/permissions.ts'
import type { World } from '../world/world.ts'
import { ClientRefusal } from './client-refusal.ts'

/** The slash command of this name that the member's client offers in this channel; throws `ClientRefusal` where it offers none. */
export function usableCommand(name: string, member: MemberRecord, channel: ChannelRecord, world: World): RegisteredCommand {
  const command = world.commands.find(name, member.guildId)
  if (!command) throw new ClientRefusal(`there is no command /${name} in this guild`)
  if (!mayRun(member, command.default_member_permissions)) throw new ClientRefusal('the member has no permission for this command')
  if (channel.kind === 'forum') throw new ClientRefusal('a forum has posts, and no place for a command')
  const parent = channel.parentId === undefined ? undefined : world.directory.channels.get(channel.parentId)
  if (command.nsfw && !(parent ?? channel).nsfw) throw new ClientRefusal('this command is for age-restricted channels')
  if (command.contexts && !command.contexts.includes(0)) throw new ClientRefusal('this command is not for guilds')
  return command
}

function mayRun({ permissions }: MemberRecord, needed: string | number | null | undefined): boolean {
  if (needed === undefined || needed === null) return true
  const required = BigInt(needed)
  // "0" means administrators only.
  return allows(permissions, 'Administrator') || (required !== 0n && (permissions & required) === required)
}
