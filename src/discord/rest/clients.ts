import type { InternalRequest, RESTOptions } from 'discord.js'
import { REST, RESTEvents } from 'discord.js'

import { raceAbort } from '../../lib/abortable.ts'

import { createSharedRateLimits } from './shared-rate-limits.ts'

export type RestClients = ReturnType<typeof createRestClients>

export interface RestClientsOptions {
  /** Discord's API without version and trailing slash, for example `https://discord.com/api`. */
  api: string
  botToken: string
  /** Called, possibly repeatedly, when Discord rejects the bot token. Every further call would fail, and repeated 401 responses lead to an IP ban. */
  onTokenRejected: () => void
  /** The library's own transport fails once another undici is loaded in the process. */
  makeRequest: RESTOptions['makeRequest']
}

/**
 * Three clients, because timeouts and queues are per client: a clip must not wait behind text. They share what they know of rate limits. Only rate limits
 * are retried here: a general retry would upload a clip four times or post a message twice. Callers retry what is safe to repeat.
 */
export function createRestClients({ api, botToken, onTokenRejected, makeRequest }: RestClientsOptions) {
  const sharing = createSharedRateLimits().share(makeRequest)
  const open = (options: Pick<RESTOptions, 'timeout'> & Partial<RESTOptions>) => {
    const rest = new AbortableRest({ api, version: '10', retries: 0, ...options, makeRequest: sharing }).setToken(botToken)
    watchBotToken(rest, onTokenRejected)
    return rest
  }
  const clients = {
    /** Progress edits: where Discord asks to wait, the call rejects at once with a `RateLimitError`, so that it delays no later call. */
    progress: open({ timeout: 5000, rejectOnRateLimit: () => true }),
    /** Short calls: outcomes, messages, registration. */
    brief: open({ timeout: 10_000 }),
    /** Calls that carry a clip. The timeout covers the whole request body, and a clip takes minutes on a slow connection. */
    upload: open({ timeout: 300_000 }),
  }
  return {
    ...clients,
    close(): void {
      for (const rest of Object.values(clients)) {
        rest.clearHashSweeper()
        rest.clearHandlerSweeper()
      }
    },
  }
}

/**
 * The library honors a call's signal only while the request is on the wire, not during a rate limit, which can last an hour. Here the caller gets
 * its rejection at once; when the wait is over, the library sees the aborted signal and sends nothing.
 */
class AbortableRest extends REST {
  override async request(call: InternalRequest): Promise<unknown> {
    if (!call.signal) return super.request(call)
    call.signal.throwIfAborted()
    return raceAbort(super.request(call), call.signal)
  }
}

/** Calls by interaction token are sent without the bot token. A 401 response to any other call means that the bot token is invalid. */
export function watchBotToken(rest: REST, onRejected: () => void): void {
  rest.on(RESTEvents.Response, (request, response) => {
    if (response.status === 401 && request.data.auth) onRejected()
  })
}
