import { PermissionFlagsBits } from 'discord.js'

/** What the bot asks for when it is invited, as people read it in Discord, and why. Nothing here is privileged. */
export const neededPermissions = [
  { name: 'View Channel', bit: PermissionFlagsBits.ViewChannel, why: 'to reach its own messages once an interaction has expired' },
  { name: 'Send Messages', bit: PermissionFlagsBits.SendMessages, why: 'to finish a clip that takes longer than 15 minutes' },
  { name: 'Send Messages in Threads', bit: PermissionFlagsBits.SendMessagesInThreads, why: 'the same inside threads' },
  { name: 'Attach Files', bit: PermissionFlagsBits.AttachFiles, why: 'to upload the clip' },
  { name: 'Embed Links', bit: PermissionFlagsBits.EmbedLinks, why: 'so that a clip too large to upload is shown by its link' },
  {
    name: 'Read Message History',
    bit: PermissionFlagsBits.ReadMessageHistory,
    why: 'to answer below a clip and to find its own message again',
  },
] as const

/** The integer of an invitation link. A string, because it does not fit into 32 bits and Discord writes it so. */
export function permissionsInteger(): string {
  return neededPermissions.reduce((sum, { bit }) => sum | bit, 0n).toString()
}

export function inviteUrl(applicationId: string): string {
  const query = new URLSearchParams({ client_id: applicationId, scope: 'bot applications.commands', permissions: permissionsInteger() })
  return `https://discord.com/oauth2/authorize?${query.toString()}`
}
