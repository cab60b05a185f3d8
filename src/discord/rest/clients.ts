import type { InternalRequest, RESTOptions } from 'discord.js'
import { REST, RESTEvents } from 'discord.js'

import { raceAbort } from '../../lib/abortable.ts'

export interface RestClients {
  /** Cards that still change: where Discord asks to wait, the call fails at once with a `RateLimitError` instead of holding up what comes after it. */
  readonly passing: REST
  /** Short calls: last words, messages, registration. */
  readonly brief: REST
  /** Calls that carry a clip. */
  readonly upload: REST
  close(): void
}

export interface RestClientsOptions {
  /** Discord's API without version and without a slash at the end, as in `https://discord.com/api`. */
  api: string
  botToken: string
  /** Told once when Discord refuses the bot token: nothing works any more, and asking again leads to a ban of the address. */
  onTokenRejected: () => void
  /** How requests go out, where not by the library's own way. */
  makeRequest?: RESTOptions['makeRequest'] | undefined
}

/** Milliseconds. The time-out of a call covers its whole body, so one that carries a clip needs minutes on a slow line. */
const timeouts = { passing: 5000, brief: 10_000, upload: 300_000 }

/**
 * Three clients, because a time-out belongs to a client, and so does a queue: a clip must not wait behind text. None repeats anything by
 * itself (rate limits apart, which Discord asks for): a clip would be sent four times over, a new message twice. What is harmless to repeat
 * is repeated by repeat.ts, with pauses.
 */
export function createRestClients({ api, botToken, onTokenRejected, makeRequest }: RestClientsOptions): RestClients {
  let rejected = false
  const reject = () => {
    if (rejected) return
    rejected = true
    onTokenRejected()
  }
  const open = (options: Pick<RESTOptions, 'timeout'> & Partial<RESTOptions>) => {
    const rest = new HeedingRest({ api, version: '10', retries: 0, ...options, ...(makeRequest && { makeRequest }) }).setToken(botToken)
    watchBotToken(rest, reject)
    return rest
  }
  const clients = {
    passing: open({ timeout: timeouts.passing, rejectOnRateLimit: () => true }),
    brief: open({ timeout: timeouts.brief }),
    upload: open({ timeout: timeouts.upload }),
  }
  return {
    ...clients,
    close() {
      for (const rest of Object.values(clients)) {
        rest.clearHashSweeper()
        rest.clearHandlerSweeper()
      }
    },
  }
}

/**
 * The library heeds a call's signal only while the call is on the wire. Where Discord asks to wait, which may be for an hour, whoever gives up
 * is let go at once; the library then finds the signal aborted before it would send anything.
 */
class HeedingRest extends REST {
  override request(call: InternalRequest): Promise<unknown> {
    const answer = super.request(call)
    return call.signal ? raceAbort(answer, call.signal) : answer
  }
}

/**
 * Calls by an interaction token go out without the bot token, and their 401 concerns only themselves. A 401 to any other call means
 * that the bot token is void.
 */
export function watchBotToken(rest: REST, onRejected: () => void): void {
  rest.on(RESTEvents.Response, (request, response) => {
    if (response.status === 401 && request.data.auth) onRejected()
  })
}
