import { type DestinationStream, pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Structured log lines for the operator. Prompts, tokens and signed URLs are never among the fields. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Hidden even if passed by mistake. */
const secrets = new Set([
  'token',
  'interactionToken',
  'apiKey',
  'authorization',
  'url',
  'outputUrl',
  'prompt',
  'request',
  'bytes',
  'webhookToken',
])
/** Fields, their fields, and the fields of those. */
const depth = 3

/** JSON lines by pino, to standard output by default. Errors are reduced to name, message and stack: other properties may hold request bodies and URLs. */
export function createLog({ level, destination }: { level: LogLevel; destination?: DestinationStream | undefined }): Log {
  const options = {
    level,
    base: null,
    formatters: { log: (fields: object) => hideSecrets(fields, depth) as Record<string, unknown> },
    serializers: { error: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
}

/** Instead of pino's `redact`, whose wildcards took ten times as long as the rest of a line. */
function hideSecrets(value: unknown, levels: number): unknown {
  // The serializer describes errors.
  if (levels === 0 || typeof value !== 'object' || value === null || value instanceof Error) return value
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, levels))
  const shown: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) shown[key] = secrets.has(key) ? '[hidden]' : hideSecrets(field, levels - 1)
  return shown
}

function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error }
  const cause = error.cause instanceof Error ? { cause: describeError(error.cause) } : {}
  // A library's message may quote a URL, which may be signed or hold an interaction token.
  const hideUrls = (text: string | undefined) => text?.replaceAll(/\b(?:https?|wss?):\/\/\S+/g, '[url hidden]')
  return { name: error.name, message: hideUrls(error.message), stack: hideUrls(error.stack), ...cause }
}
