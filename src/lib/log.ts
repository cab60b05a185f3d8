import { type DestinationStream, pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Structured log lines for the operator. Prompts, tokens and signed URLs are never among the fields. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Redacted even if passed by mistake. */
const secrets = ['token', 'interactionToken', 'apiKey', 'authorization', 'url', 'outputUrl', 'prompt', 'request', 'bytes', 'webhookToken']

/** JSON lines by pino, to standard output by default. Errors are reduced to name, message and stack: other properties may hold request bodies and URLs. */
export function createLog({ level, destination }: { level: LogLevel; destination?: DestinationStream | undefined }): Log {
  const options = {
    level,
    base: null,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[hidden]' },
    serializers: { error: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
}

function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error }
  const cause = error.cause instanceof Error ? { cause: describeError(error.cause) } : {}
  // A library's message may quote a URL, which may be signed or hold an interaction token.
  const hideUrls = (text: string | undefined) => text?.replaceAll(/\b(?:https?|wss?):\/\/\S+/g, '[url hidden]')
  return { name: error.name, message: hideUrls(error.message), stack: hideUrls(error.stack), ...cause }
}
