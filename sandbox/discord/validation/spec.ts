import * as spec from 'discord-api-spec/zod'
import type { SpecSchema } from 'discord-api-spec/zod'

import { below, type FormIssue, issue } from '../model/form-issues.ts'
import { issuesOf } from './spec-issues.ts'

/** The schemas of Discord's own specification, by operation. No other file reads them. */
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

const responseSchemas: Record<string, readonly SpecSchema[]> = {
  execute_webhook: [spec.MessageResponseSchema],
  get_original_webhook_message: [spec.MessageResponseSchema],
  update_original_webhook_message: [spec.MessageResponseSchema],
  get_webhook_message: [spec.MessageResponseSchema],
  update_webhook_message: [spec.MessageResponseSchema],
  create_interaction_response: [spec.InteractionCallbackResponseSchema],
  create_message: [spec.MessageResponseSchema],
  get_message: [spec.MessageResponseSchema],
  list_messages: [spec.MessageResponseSchema],
  update_message: [spec.MessageResponseSchema],
  get_channel: [spec.GuildChannelResponseSchema, spec.ThreadResponseSchema],
  get_bot_gateway: [spec.GatewayBotResponseSchema],
  get_my_user: [spec.UserPIIResponseSchema],
  get_my_application: [spec.PrivateApplicationResponseSchema],
  list_application_commands: [spec.ApplicationCommandResponseSchema],
  bulk_set_application_commands: [spec.ApplicationCommandResponseSchema],
  list_guild_application_commands: [spec.ApplicationCommandResponseSchema],
  bulk_set_guild_application_commands: [spec.ApplicationCommandResponseSchema],
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

/** Where a response of ours breaks Discord's specification, one sentence each. */
export function responseProblems(operation: string | undefined, status: number, body: unknown): string[] {
  const label = `${operation ?? 'unknown operation'} ${status}`
  if (status === 204) return body === undefined ? [] : [`${label}: a body with 204`]
  if (status === 429) return describe(label, check(spec.RatelimitedResponseSchema, body))
  if (status >= 400) return describe(label, check(spec.ErrorResponseSchema, withoutDetails(body)))
  const schemas = operation ? responseSchemas[operation] : undefined
  if (!schemas) return []
  return (Array.isArray(body) ? body : [body]).flatMap((item) => {
    const attempts = schemas.map((schema) => check(schema, withoutForward(item)))
    if (attempts.some((issues) => issues.length === 0)) return []
    return describe(label, attempts.toSorted((one, other) => one.length - other.length)[0] ?? [])
  })
}

/** The specification types the codes below `errors` as numbers, but Discord sends strings (`BASE_TYPE_MAX_LENGTH`). */
function withoutDetails(body: unknown): unknown {
  return typeof body === 'object' && body !== null ? { ...body, errors: undefined } : body
}

/** The specification knows no forwards (`message_reference.type` 1), although the documentation does. */
function withoutForward(item: unknown): unknown {
  const reference = (item as { message_reference?: { type?: number } } | null)?.message_reference
  return reference?.type === 1 ? { ...(item as object), message_reference: { ...reference, type: 0 } } : item
}

function check(schema: SpecSchema, value: unknown): FormIssue[] {
  const result = schema.safeParse(value)
  return result.success ? [] : issuesOf(result.error.issues, value)
}

function describe(label: string, issues: readonly FormIssue[]): string[] {
  return issues.map(({ path, message }) => `${label}: ${path.join('.')}: ${message}`)
}
