import type { RegisteredCommand } from '../model/command.ts'

/** A command as Discord returns it: without empty fields, and with the defaults of a global command. */
export function commandPayload({ guildId, ...form }: RegisteredCommand, applicationId: string): unknown {
  return {
    ...withoutNulls(form),
    application_id: applicationId,
    ...(guildId && { guild_id: guildId }),
    type: form.type ?? 1,
    description: form.description ?? '',
    nsfw: form.nsfw ?? false,
    default_member_permissions: form.default_member_permissions?.toString() ?? null,
    ...(!guildId && { integration_types: form.integration_types ?? [0], contexts: form.contexts ?? [0, 1] }),
  }
}

function withoutNulls(fields: object): object {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip)
    return typeof value === 'object' && value !== null ? withoutNulls(value) : value
  }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === null || value === undefined ? [] : [[key, strip(value)]])),
  )
}
