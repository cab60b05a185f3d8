import { refuse } from './errors.ts'

/** The permissions that matter to this bot, under discord.js's names. */
export const permissionBits = {
  Administrator: 1n << 3n,
  ManageChannels: 1n << 4n,
  ManageGuild: 1n << 5n,
  ViewChannel: 1n << 10n,
  SendMessages: 1n << 11n,
  ManageMessages: 1n << 13n,
  EmbedLinks: 1n << 14n,
  AttachFiles: 1n << 15n,
  ReadMessageHistory: 1n << 16n,
  MentionEveryone: 1n << 17n,
  UseExternalEmojis: 1n << 18n,
  Connect: 1n << 20n,
  UseApplicationCommands: 1n << 31n,
  ManageThreads: 1n << 34n,
  SendMessagesInThreads: 1n << 38n,
  UseExternalApps: 1n << 50n,
} as const

export type PermissionName = keyof typeof permissionBits

/** What the invitation asks for, and Connect, which every member has in a new server. */
export const defaultBotPermissions: readonly PermissionName[] = [
  'ViewChannel',
  'SendMessages',
  'SendMessagesInThreads',
  'EmbedLinks',
  'AttachFiles',
  'ReadMessageHistory',
  'Connect',
]

export const defaultMemberPermissions: readonly PermissionName[] = [
  ...defaultBotPermissions,
  'UseExternalEmojis',
  'UseApplicationCommands',
  'UseExternalApps',
]

export function permissionSet(names: readonly PermissionName[]): bigint {
  return names.reduce((set, name) => set | permissionBits[name], 0n)
}

export function allows(set: bigint, name: PermissionName): boolean {
  return (set & (permissionBits[name] | permissionBits.Administrator)) !== 0n
}

/** Without View Channel a channel does not exist for the bot (50001); every other missing permission is 50013. */
export function demand(set: bigint, ...names: PermissionName[]): void {
  if (!allows(set, 'ViewChannel')) throw refuse.missingAccess()
  if (!names.every((name) => allows(set, name))) throw refuse.missingPermissions()
}
