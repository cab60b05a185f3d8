import { DiscordAPIError, DiscordjsError, HTTPError } from 'discord.js'

import { isTransient } from './errors.ts'

/** Discord, or its gateway, did not respond or had a fault. The message says why and what to do. */
export class DiscordUnreachableError extends Error {
  override readonly name = 'DiscordUnreachableError'

  constructor(what: string, cause: unknown) {
    super(
      `${what} cannot be reached (${reasonOf(cause)}): wait if Discord has an outage, otherwise check the network, DNS and firewall of this machine`,
      // What the library throws may hold a URL.
      { cause: cause instanceof DiscordAPIError || cause instanceof HTTPError ? undefined : cause },
    )
  }
}

/** Runs what a start cannot do without; rejects with a `DiscordUnreachableError` if Discord did not respond or had a fault. */
export async function explainUnreachable<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    // The library's own errors have a code as well, for instance `TokenInvalid`.
    throw isTransient(error) && !(error instanceof DiscordjsError) ? new DiscordUnreachableError(what, error) : error
  }
}

/** Only codes: a message may hold a URL. */
function reasonOf(error: unknown): string {
  if (error instanceof DiscordAPIError || error instanceof HTTPError) return `HTTP ${error.status}`
  let reason = 'no response'
  for (let cause = error; cause instanceof Error; cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause)
    if ('code' in cause && typeof cause.code === 'string' && cause.code !== 'ERR_NOT_CONNECTED') reason = cause.code
  return reason
}
