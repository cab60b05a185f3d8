import { type DestinationStream, pino } from 'pino'

/** Structured lines for the operator. Fields are chosen by the caller; prompts, tokens and signed URLs are never among them. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Standard output where not given. */
  destination?: DestinationStream | undefined
}

/** What must not be printed even if somebody passes it by mistake. */
const secrets = ['token', 'interactionToken', 'apiKey', 'authorization', 'url', 'outputUrl', 'prompt', 'request', 'bytes', 'webhookToken']

/** JSON lines by pino. Errors are cut to name, message and stack: their other properties may hold request bodies and URLs. */
export function createLog({ level, destination }: LogOptions): Log {
  const options = {
    level,
    base: null,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[hidden]' },
    serializers: { error: describeFault },
  }
  return destination ? pino(options, destination) : pino(options)
}

function describeFault(fault: unknown): object {
  if (!(fault instanceof Error)) return { name: typeof fault }
  const cause = fault.cause instanceof Error ? { cause: describeFault(fault.cause) } : {}
  // A library's message may quote the URL it failed at, and such URLs are signed or hold an interaction token.
  const hideUrls = (text: string | undefined) => text?.replaceAll(/\b(?:https?|wss?):\/\/\S+/g, '[url hidden]')
  return { name: fault.name, message: hideUrls(fault.message), stack: hideUrls(fault.stack), ...cause }
}
