import { PermissionFlagsBits } from 'discord.js'

/** The permissions that the invitation requests, as Discord names them, and why. */
export const neededPermissions = [
  { name: 'View Channel', bit: PermissionFlagsBits.ViewChannel, why: 'to edit its own messages once an interaction has expired' },
  { name: 'Send Messages', bit: PermissionFlagsBits.SendMessages, why: 'to finish a clip that takes longer than 15 minutes' },
  { name: 'Send Messages in Threads', bit: PermissionFlagsBits.SendMessagesInThreads, why: 'the same inside threads' },
  { name: 'Attach Files', bit: PermissionFlagsBits.AttachFiles, why: 'to upload the clip' },
  { name: 'Embed Links', bit: PermissionFlagsBits.EmbedLinks, why: 'so that a clip too large to upload is shown by its link' },
  {
    name: 'Read Message History',
    bit: PermissionFlagsBits.ReadMessageHistory,
    why: 'to reply to a clip and to find its own messages again',
  },
] as const

/** For the chats of voice and stage channels. The invitation leaves it out: where members have it, the bot has it too. */
export const connectPermission = { name: 'Connect', bit: PermissionFlagsBits.Connect } as const

/** The integer of an invitation link, as a string because it exceeds 32 bits. */
export function permissionsInteger(): string {
  return neededPermissions.reduce((sum, { bit }) => sum | bit, 0n).toString()
}

export function inviteUrl(applicationId: string): string {
  const query = new URLSearchParams({ client_id: applicationId, scope: 'bot applications.commands', permissions: permissionsInteger() })
  return `https://discord.com/oauth2/authorize?${query.toString()}`
}
