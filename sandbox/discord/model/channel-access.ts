import { type ChannelRecord, isVoice } from './channels.ts'
import type { Directory } from './directory.ts'
import { refuse } from './errors.ts'
import { allows, demand } from './permissions.ts'

export interface Access {
  channel: ChannelRecord
  permissions: bigint
}

/** The bot's way into a channel with its token; 50001 where it has none. */
export function accessTo(channel: ChannelRecord, directory: Directory): Access {
  const permissions = directory.botPermissionsIn(channel)
  if (permissions === undefined) throw refuse.missingAccess()
  demand(permissions)
  // Denying Connect implicitly denies the rest of such a channel. The documentation names no code; a missing View Channel has this one.
  if (isVoice(channel) && !allows(permissions, 'Connect')) throw refuse.missingAccess()
  if (!isInvited(channel, permissions)) throw refuse.missingAccess()
  return { channel, permissions }
}

/** Whether the bot may know of the channel, so that the gateway tells of it. */
export function isVisible(channel: ChannelRecord, directory: Directory): boolean {
  const permissions = directory.botPermissionsIn(channel)
  return permissions !== undefined && allows(permissions, 'ViewChannel') && isInvited(channel, permissions)
}

/** A private thread is there only for its members and for those who manage threads. No permission bit shows it. */
function isInvited({ kind, thread }: ChannelRecord, permissions: bigint): boolean {
  return kind !== 'privateThread' || (thread?.botJoined ?? false) || allows(permissions, 'ManageThreads')
}

export function demandToPost({ channel, permissions }: Access): void {
  if (channel.kind === 'forum') throw refuse.notATextChannel()
  demand(permissions, channel.thread ? 'SendMessagesInThreads' : 'SendMessages')
}

/** A locked thread is closed to everyone without Manage Threads, archived or not (discord-api-docs issue 6884). */
export function refuseLocked(channel: ChannelRecord, permissions: bigint | undefined): void {
  if (!channel.thread?.locked) return
  // An interaction also reaches channels without the bot.
  if (permissions === undefined) throw refuse.missingAccess()
  if (!allows(permissions, 'ManageThreads')) throw refuse.archivedThread()
}

/** A new message reopens an archived thread; an edit does not, and is refused (discord-api-docs pull request 2855). */
export function refuseEditIfClosed(channel: ChannelRecord, permissions: bigint | undefined): void {
  refuseLocked(channel, permissions)
  if (channel.thread?.archived) throw refuse.archivedThread()
}
