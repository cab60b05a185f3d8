import type { RegisteredCommand } from '../model/command.ts'

/** A command as Discord answers it: without what was left empty, and with the defaults of a global command. */
export function commandPayload(command: RegisteredCommand, applicationId: string): unknown {
  const { guildId, id, version, ...form } = command
  return withoutNulls(
    {
      ...form,
      id,
      application_id: applicationId,
      version,
      ...(guildId && { guild_id: guildId }),
      type: form.type ?? 1,
      description: form.description ?? '',
      nsfw: form.nsfw ?? false,
      ...(!guildId && { integration_types: form.integration_types ?? [0], contexts: form.contexts ?? [0, 1] }),
    },
    form.default_member_permissions,
  )
}

function withoutNulls(command: Record<string, unknown>, permissions: string | number | null | undefined): unknown {
  return {
    ...(strip(command) as object),
    default_member_permissions: permissions === undefined || permissions === null ? null : String(permissions),
  }
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .map(([key, inner]) => [key, strip(inner)]),
  )
}
