import { type AllowedMentions, messageFlags } from '../model/message.ts'

export interface Mentioned {
  users: string[]
  roles: string[]
  everyone: boolean
}

/** Whom a text mentions once `allowed_mentions` has spoken; without it everything that is written counts. */
export function mentionedBy(text: string, allowed: AllowedMentions | null | undefined, mayMentionEveryone: boolean): Mentioned {
  const written = {
    users: [...new Set(Array.from(text.matchAll(/<@!?(\d+)>/g), ([, id]) => id ?? ''))],
    roles: [...new Set(Array.from(text.matchAll(/<@&(\d+)>/g), ([, id]) => id ?? ''))],
    everyone: /@(everyone|here)\b/.test(text) && mayMentionEveryone,
  }
  if (!allowed) return written
  const parses = (kind: string) => allowed.parse?.includes(kind) ?? false
  return {
    users: written.users.filter((id) => parses('users') || (allowed.users?.includes(id) ?? false)),
    roles: written.roles.filter((id) => parses('roles') || (allowed.roles?.includes(id) ?? false)),
    everyone: written.everyone && parses('everyone'),
  }
}

/** Silent and ephemeral messages show a mention without calling anybody. */
export function notifies(flags: number): boolean {
  return (flags & (messageFlags.suppressNotifications | messageFlags.ephemeral)) === 0
}
