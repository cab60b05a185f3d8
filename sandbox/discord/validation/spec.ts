/** The only door to Discord's own schemas: by operation for requests, by operation for the bodies of our answers. */
import * as spec from 'discord-api-spec/zod'
import type { SpecSchema } from 'discord-api-spec/zod'

import type { FormIssue } from '../model/errors.ts'
import { issuesOf } from './spec-issues.ts'

const requestSchemas: Record<string, SpecSchema> = {
  execute_webhook: spec.IncomingWebhookRequestPartialSchema,
  update_original_webhook_message: spec.IncomingWebhookUpdateRequestPartialSchema,
  update_webhook_message: spec.IncomingWebhookUpdateRequestPartialSchema,
  create_message: spec.MessageCreateRequestSchema,
  update_message: spec.MessageEditRequestPartialSchema,
  create_dm: spec.CreatePrivateChannelRequestSchema,
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
  get_channel: [spec.GuildChannelResponseSchema, spec.ThreadResponseSchema, spec.PrivateChannelResponseSchema],
  create_dm: [spec.PrivateChannelResponseSchema],
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
  return [{ path: ['type'], code: 'BASE_TYPE_CHOICES', message: `Value must be one of {${Object.keys(callbackSchemas).join(', ')}}.` }]
}

/** Each command on its own, so that the path begins with its index. The wire carries permission bits as text, the schema wants a number. */
export function commandIssues(commands: readonly unknown[]): FormIssue[] {
  return commands.flatMap((command, index) =>
    check(spec.ApplicationCommandUpdateRequestSchema, withNumericPermissions(command)).map((issue) => ({
      ...issue,
      path: [index, ...issue.path],
    })),
  )
}

function withNumericPermissions(command: unknown): unknown {
  if (typeof command !== 'object' || command === null || !('default_member_permissions' in command)) return command
  const permissions = command.default_member_permissions
  return typeof permissions === 'string' && /^\d+$/.test(permissions)
    ? { ...command, default_member_permissions: Number(permissions) }
    : command
}

/** What is wrong with an answer of ours, in words; empty when Discord's specification would have let it out. */
export function responseProblems(operation: string | undefined, status: number, body: unknown): string[] {
  const label = `${operation ?? 'unknown operation'} ${status}`
  if (status === 204) return body === undefined ? [] : [`${label}: a body with 204`]
  if (status === 429) return describe(label, check(spec.RatelimitedResponseSchema, body))
  if (status >= 400) return describe(label, check(spec.ErrorResponseSchema, withoutDetails(body)))
  const schemas = operation ? responseSchemas[operation] : undefined
  if (!schemas) return []
  return (Array.isArray(body) ? body : [body]).flatMap((item) => {
    const attempts = schemas.map((schema) => check(schema, item))
    if (attempts.some((issues) => issues.length === 0)) return []
    return describe(label, attempts.toSorted((one, other) => one.length - other.length)[0] ?? [])
  })
}

/** The specification makes the codes below `errors` numbers, where Discord sends words (`BASE_TYPE_MAX_LENGTH`); the rest of it holds. */
function withoutDetails(body: unknown): unknown {
  return typeof body === 'object' && body !== null ? { ...body, errors: undefined } : body
}

function check(schema: SpecSchema, value: unknown): FormIssue[] {
  const result = schema.safeParse(value)
  return result.success ? [] : issuesOf(result.error.issues, value)
}

function describe(label: string, issues: readonly FormIssue[]): string[] {
  return issues.map((issue) => `${label}: ${issue.path.join('.')}: ${issue.message}`)
}
