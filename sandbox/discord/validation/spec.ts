import * as spec from 'discord-api-spec/zod'
import type { SpecSchema } from 'discord-api-spec/zod'

import { below, type FormIssue, issue } from '../model/form-issues.ts'
import { check } from './spec-issues.ts'

/** What Discord's own specification says of request bodies, by operation. `answers.ts` has the answers. */
const requestSchemas: Record<string, SpecSchema> = {
  execute_webhook: spec.IncomingWebhookRequestPartialSchema,
  update_original_webhook_message: spec.IncomingWebhookUpdateRequestPartialSchema,
  update_webhook_message: spec.IncomingWebhookUpdateRequestPartialSchema,
  create_message: spec.MessageCreateRequestSchema,
  update_message: spec.MessageEditRequestPartialSchema,
}

const callbackSchemas: Record<number, SpecSchema> = {
  1: spec.PongInteractionCallbackRequestSchema,
  4: spec.CreateMessageInteractionCallbackRequestSchema,
  5: spec.CreateMessageInteractionCallbackRequestSchema,
  6: spec.UpdateMessageInteractionCallbackRequestSchema,
  7: spec.UpdateMessageInteractionCallbackRequestSchema,
  8: spec.ApplicationCommandAutocompleteCallbackRequestSchema,
  9: spec.ModalInteractionCallbackRequestSchema,
}

export function requestIssues(operation: string, body: unknown): FormIssue[] {
  if (operation === 'create_interaction_response') return callbackIssues(body)
  const schema = requestSchemas[operation]
  return schema ? check(schema, body) : []
}

function callbackIssues(body: unknown): FormIssue[] {
  const type = (body as { type?: unknown } | null | undefined)?.type
  const schema = typeof type === 'number' ? callbackSchemas[type] : undefined
  if (schema) return check(schema, body)
  return [issue(['type'], 'BASE_TYPE_CHOICES', `Value must be one of {${Object.keys(callbackSchemas).join(', ')}}.`)]
}

/** Checks each command on its own, so that the path begins with its index. */
export function commandIssues(commands: readonly unknown[]): FormIssue[] {
  return commands.flatMap((command, index) =>
    below([index], check(spec.ApplicationCommandUpdateRequestSchema, withNumericPermissions(command))),
  )
}

/** Refuses a key of `name_localizations` or `description_localizations` that is not a locale of Discord's clients. */
export function localeIssues(locale: string): FormIssue[] {
  return check(spec.AvailableLocalesEnumSchema, locale)
}

/** On the wire permission bits are a string; the schema wants a number. */
function withNumericPermissions(command: unknown): unknown {
  if (typeof command !== 'object' || command === null || !('default_member_permissions' in command)) return command
  const permissions = command.default_member_permissions
  return typeof permissions === 'string' && /^\d+$/.test(permissions)
    ? { ...command, default_member_permissions: Number(permissions) }
    : command
}
