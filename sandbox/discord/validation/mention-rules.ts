import { type FormIssue, issue } from '../model/form-issues.ts'
import type { AllowedMentions } from '../model/message.ts'

/** `parse` allows a whole kind, a list only its members: Discord refuses both together. An empty list does no harm. */
export function mentionIssues(allowed: AllowedMentions | null | undefined): FormIssue[] {
  return (['users', 'roles'] as const).flatMap((kind) => {
    if (!allowed?.parse?.includes(kind) || !allowed[kind]?.length) return []
    const reason = `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`
    return [issue(['allowed_mentions'], 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE', reason)]
  })
}
