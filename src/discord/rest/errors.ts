import { DiscordAPIError, HTTPError, RESTJSONErrorCodes } from 'discord.js'

/** What may be told of a failure: no message, URL, token, body or file. `at` says where a fault of ours happened. */
export interface ErrorDescription {
  name: string
  code?: string | number
  status?: number
  method?: string
  /** For a malformed body (50035): the paths Discord complains about, never their values. */
  fields?: string[]
  at?: string[]
  cause?: ErrorDescription
}

/** A raw `DiscordAPIError` carries the interaction token in its URL and the files in its body, so nothing else of it reaches a log. */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof DiscordAPIError) {
    const { code, status, method } = error
    const fields = malformedFields(error.rawError)
    return { name: 'DiscordAPIError', code, status, method, ...(fields.length > 0 && { fields }) }
  }
  if (error instanceof HTTPError) return { name: 'HTTPError', status: error.status, method: error.method }
  if (!(error instanceof Error)) return { name: typeof error }
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined
  const at = framesOf(error)
  return {
    name: error.name,
    ...(code !== undefined && { code }),
    ...(at.length > 0 && { at }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  }
}

/** For a call by the interaction's token: it is void or too old, 50027 with 401, or 10015 with 404. Only another route can reach the message. */
export function isTokenDead(error: unknown): boolean {
  return (
    error instanceof DiscordAPIError &&
    (error.status === 401 || error.code === RESTJSONErrorCodes.InvalidWebhookToken || error.code === RESTJSONErrorCodes.UnknownWebhook)
  )
}

/**
 * For a call by the bot token: Discord does not know it (any more), or had said so before, after which the client sends nothing. Once it is
 * mended, the same call goes through.
 */
export function isBotTokenVoid(error: unknown): boolean {
  if (error instanceof DiscordAPIError) return error.status === 401
  return error instanceof Error && error.message.startsWith('Expected token to be set')
}

/** Discord's own word on a call by the bot token, which it would say again. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.status < 500 && !isBotTokenVoid(error)
}

export function isMessageGone(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.UnknownMessage
}

/** A proxy in front of Discord answers a plain 413 without a code. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof DiscordAPIError && (error.status === 413 || error.code === RESTJSONErrorCodes.RequestEntityTooLarge)
}

/** The message stands, but the bot may not edit it (any more): the answer needs a message of its own. */
export function isUneditable(error: unknown): boolean {
  const codes: readonly (string | number)[] = [
    RESTJSONErrorCodes.UnknownChannel,
    RESTJSONErrorCodes.MissingAccess,
    RESTJSONErrorCodes.MissingPermissions,
    RESTJSONErrorCodes.CannotEditMessageAuthoredByAnotherUser,
    RESTJSONErrorCodes.InvalidActionOnArchivedThread,
    RESTJSONErrorCodes.MaximumNumberOfEditsToMessagesOlderThanOneHourReached,
  ]
  return error instanceof DiscordAPIError && codes.includes(error.code)
}

/** Nobody knows whether the call arrived, or Discord itself was at fault: an edit may be sent again. */
export function isTransient(error: unknown): boolean {
  if (error instanceof DiscordAPIError || error instanceof HTTPError) return error.status >= 500
  // A time-out of ours, or what the network says in codes such as ECONNRESET.
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || error.name === 'TimeoutError' || ('code' in error && typeof error.code === 'string'))
  )
}

export function hasCode(error: unknown, code: RESTJSONErrorCodes): boolean {
  return error instanceof DiscordAPIError && error.code === code
}

function framesOf(error: Error): string[] {
  // The stack begins with the message, which may quote anything and look like anything.
  return (error.stack ?? '')
    .replace(error.message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 4)
    .map((line) => line.trim().slice('at '.length))
}

function malformedFields(rawError: unknown): string[] {
  const paths: string[] = []
  const walk = (node: unknown, path: string) => {
    if (typeof node !== 'object' || node === null || paths.length >= 10) return
    for (const [key, child] of Object.entries(node)) {
      if (key === '_errors') paths.push(path)
      else walk(child, path === '' ? key : `${path}.${key}`)
    }
  }
  if (typeof rawError === 'object' && rawError !== null && 'errors' in rawError) walk(rawError.errors, '')
  return paths
}
