import { DiscordAPIError, HTTPError, RESTJSONErrorCodes } from 'discord.js'

/**
 * The parts of an error that are safe to log: its name, codes, stack frames and, for an invalid body (50035), the paths of the invalid fields.
 * A raw `DiscordAPIError` has the interaction token in its URL and the files in its body, so it is never logged as it is.
 */
export function describeError(error: unknown): object {
  if (error instanceof DiscordAPIError) {
    const { code, status, method } = error
    const fields = invalidFields(error.rawError)
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

/** For a call by interaction token: the token is invalid or expired (50027 with 401, or 10015 with 404). Only another route reaches the message. */
export function isTokenDead(error: unknown): boolean {
  return isUnauthorized(error) || hasCode(error, RESTJSONErrorCodes.InvalidWebhookToken, RESTJSONErrorCodes.UnknownWebhook)
}

/** For a call by bot token: Discord rejects the token, or did so before, after which the client sends nothing. A new token fixes the same call. */
export function isBotTokenInvalid(error: unknown): boolean {
  return isUnauthorized(error) || (error instanceof Error && error.message.startsWith('Expected token to be set'))
}

/** For a call by bot token: Discord refused it, and would refuse it again. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.status < 500 && !isBotTokenInvalid(error)
}

export function isMessageGone(error: unknown): boolean {
  return hasCode(error, RESTJSONErrorCodes.UnknownMessage)
}

/** A proxy in front of Discord responds with a plain 413 without a code. */
export function isTooLarge(error: unknown): boolean {
  return hasCode(error, RESTJSONErrorCodes.RequestEntityTooLarge) || (error instanceof DiscordAPIError && error.status === 413)
}

/** The message exists, but the bot may not edit it: the content needs a new message. */
export function isUneditable(error: unknown): boolean {
  return hasCode(
    error,
    RESTJSONErrorCodes.UnknownChannel,
    RESTJSONErrorCodes.MissingAccess,
    RESTJSONErrorCodes.MissingPermissions,
    RESTJSONErrorCodes.CannotEditMessageAuthoredByAnotherUser,
    RESTJSONErrorCodes.InvalidActionOnArchivedThread,
    RESTJSONErrorCodes.ThreadLocked,
  )
}

/** Discord takes no more edits of this old message for now. */
export function isEditedTooOften(error: unknown): boolean {
  return hasCode(error, RESTJSONErrorCodes.MaximumNumberOfEditsToMessagesOlderThanOneHourReached)
}

/** The call may not have arrived, or Discord had a fault. Safe to retry for an edit. */
export function isTransient(error: unknown): boolean {
  if (error instanceof DiscordAPIError || error instanceof HTTPError) return error.status >= 500
  // Our own timeout, or a network error such as ECONNRESET.
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || error.name === 'TimeoutError' || ('code' in error && typeof error.code === 'string'))
  )
}

export function hasCode(error: unknown, ...codes: readonly (string | number)[]): boolean {
  return error instanceof DiscordAPIError && codes.includes(error.code)
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.status === 401
}

function framesOf(error: Error): string[] {
  // The stack begins with the message, which can contain anything, even lines that look like frames.
  return (error.stack ?? '')
    .replace(error.message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 4)
    .map((line) => line.trim().slice('at '.length))
}

function invalidFields(rawError: unknown): string[] {
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
