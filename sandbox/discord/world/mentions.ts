import type { AllowedMentions } from '../model/message.ts'

/** The mentions in a text that `allowed_mentions` lets through; without it all of them count. */
export function mentionedBy(text: string, allowed: AllowedMentions | null | undefined, mayMentionEveryone: boolean) {
  const idsOf = (pattern: RegExp) => [...new Set(Array.from(text.matchAll(pattern), ([, id]) => id ?? ''))]
  const written = {
    users: idsOf(/<@!?(\d+)>/g),
    roles: idsOf(/<@&(\d+)>/g),
    everyone: mayMentionEveryone && /@(everyone|here)\b/.test(text),
  }
  if (!allowed) return written
  const parses = (kind: string) => allowed.parse?.includes(kind) ?? false
  return {
    users: written.users.filter((id) => parses('users') || allowed.users?.includes(id)),
    roles: written.roles.filter((id) => parses('roles') || allowed.roles?.includes(id)),
    everyone: written.everyone && parses('everyone'),
  }
}
