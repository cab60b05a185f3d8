import { refuseClient } from './refusals.ts'

/** The intents that have to be switched on for an application, with the flag that the application then has. */
const privileged = {
  GuildMembers: { intent: 1 << 1, applicationFlag: 1 << 15 },
  GuildPresences: { intent: 1 << 8, applicationFlag: 1 << 13 },
  MessageContent: { intent: 1 << 15, applicationFlag: 1 << 19 },
} as const

export type PrivilegedIntent = keyof typeof privileged

/** Bits 0 to 16, 20, 21, 24 and 25. */
const everyIntent = 0x1_ff_ff | (0b11 << 20) | (0b11 << 24)

/** Refuses intents that do not exist (4013), and privileged ones that are not switched on (4014). */
export function checkIntents(intents: number, allowed: readonly PrivilegedIntent[]): void {
  // Beyond 32 bits `&` would cut off what is unknown.
  if (intents < 0 || intents > everyIntent || (intents & ~everyIntent) !== 0) throw refuseClient.invalidIntents()
  const names = Object.keys(privileged) as PrivilegedIntent[]
  const isRefused = (name: PrivilegedIntent) => (intents & privileged[name].intent) !== 0 && !allowed.includes(name)
  if (names.some(isRefused)) throw refuseClient.disallowedIntents()
}

export function applicationFlags(allowed: readonly PrivilegedIntent[]): number {
  return allowed.reduce((flags, name) => flags | privileged[name].applicationFlag, 0)
}
