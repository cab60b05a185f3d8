import * as spec from 'discord-api-spec/zod'
import type { SpecSchema } from 'discord-api-spec/zod'

import type { FormIssue } from '../model/form-issues.ts'
import { check } from './spec-issues.ts'

interface Success {
  statuses: readonly number[]
  /** The body has to fit one of them; each item of a list has. */
  schemas: readonly SpecSchema[]
  isList: boolean
}

const one = (...schemas: SpecSchema[]): Success => ({ statuses: [200], schemas, isList: false })
const list = (schema: SpecSchema): Success => ({ statuses: [200], schemas: [schema], isList: true })
const nothing: Success = { statuses: [204], schemas: [], isList: false }

/** What each operation answers when it succeeds, by Discord's own specification. */
const successes: Record<string, Success> = {
  execute_webhook: one(spec.MessageResponseSchema),
  get_original_webhook_message: one(spec.MessageResponseSchema),
  update_original_webhook_message: one(spec.MessageResponseSchema),
  delete_original_webhook_message: nothing,
  get_webhook_message: one(spec.MessageResponseSchema),
  update_webhook_message: one(spec.MessageResponseSchema),
  delete_webhook_message: nothing,
  create_interaction_response: { ...one(spec.InteractionCallbackResponseSchema), statuses: [200, 204] },
  create_message: one(spec.MessageResponseSchema),
  get_message: one(spec.MessageResponseSchema),
  list_messages: list(spec.MessageResponseSchema),
  update_message: one(spec.MessageResponseSchema),
  delete_message: nothing,
  get_channel: one(spec.GuildChannelResponseSchema, spec.ThreadResponseSchema),
  get_bot_gateway: one(spec.GatewayBotResponseSchema),
  get_guild: one(spec.GuildWithCountsResponseSchema),
  get_my_user: one(spec.UserPIIResponseSchema),
  get_my_application: one(spec.PrivateApplicationResponseSchema),
  list_application_commands: list(spec.ApplicationCommandResponseSchema),
  bulk_set_application_commands: list(spec.ApplicationCommandResponseSchema),
  list_guild_application_commands: list(spec.ApplicationCommandResponseSchema),
  bulk_set_guild_application_commands: list(spec.ApplicationCommandResponseSchema),
}

/**
 * Where an answer of ours breaks Discord's specification, one sentence each. Fields that the specification does not know are allowed: it is
 * older than some (`file_types`). One more exception is not visible here: it has no resource for a deferred reply with `with_response`, so
 * that answer has none (see interaction-callback.ts).
 * @param operation undefined for a route that does not exist
 */
export function answerProblems(operation: string | undefined, status: number, body: unknown): string[] {
  const label = `${operation ?? 'unknown route'} ${status}`
  if (status === 429) return describe(label, check(hasRetryAfter(body) ? spec.RatelimitedResponseSchema : spec.ErrorResponseSchema, body))
  if (status >= 400) return describe(label, check(spec.ErrorResponseSchema, withoutDetails(body)))
  const success = operation === undefined ? undefined : successes[operation]
  if (!success) return [`${label}: there is no schema for this operation`]
  if (!success.statuses.includes(status)) return [`${label}: the status of success is ${success.statuses.join(' or ')}`]
  if (status === 204) return body === undefined ? [] : [`${label}: a body with 204`]
  if (success.isList !== Array.isArray(body)) return [`${label}: the body is ${success.isList ? 'not a list' : 'a list'}`]
  return (Array.isArray(body) ? body : [body]).flatMap((item) => describe(label, closest(success.schemas, withoutForward(item))))
}

/** The issues of the schema that has the fewest. */
function closest(schemas: readonly SpecSchema[], item: unknown): FormIssue[] {
  const attempts = schemas.map((schema) => check(schema, item))
  return attempts.toSorted((first, second) => first.length - second.length)[0] ?? []
}

/** Too many edits of an old message (30046) are refused with 429 too, as an ordinary error. */
function hasRetryAfter(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { code?: unknown }).code !== 30_046
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

function describe(label: string, issues: readonly FormIssue[]): string[] {
  return issues.map(({ path, message }) => `${label}: ${path.join('.')}: ${message}`)
}
