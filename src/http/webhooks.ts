import type { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'

import type { Clock } from '../domain/clock.ts'
import { type ProviderId, providerIds } from '../domain/provider-id.ts'
import { findAttemptByToken } from '../generations/attempts.ts'
import { keepEvent } from '../generations/inbox.ts'
import type { Wakes } from '../generations/wakes.ts'
import type { Log } from '../observability/log.ts'
import { type Provider, WebhookRejected } from '../providers/provider.ts'
import type { Database } from '../storage/database.ts'

export interface WebhookParts {
  database: Database
  providers: ReadonlyMap<ProviderId, Provider>
  wakes: Wakes
  /** Woken for a generation that nobody owns, because it is held. */
  wakeDispatcher: () => void
  clock: Clock
  log: Log
}

/** Larger than any host's announcement; smaller than what could hurt. */
const maxBodyBytes = 256 * 1024

/**
 * `POST /webhooks/:provider/:token`: a host says that something happened to the job of one attempt. The token is only in that attempt's URL; the body is
 * verified as the host signs it, and even then only wakes whoever reads the state from the host itself. Everything unknown is 404, without a hint.
 */
export function addWebhooks(app: Hono, { database, providers, wakes, wakeDispatcher, clock, log }: WebhookParts): void {
  app.post('/webhooks/:provider/:token', bodyLimit({ maxSize: maxBodyBytes, onError: (call) => call.body(null, 413) }), async (call) => {
    const { provider: name, token } = call.req.param()
    const provider = isProviderId(name) ? providers.get(name) : undefined
    const attempt = provider && (await findAttemptByToken(database.statements, provider.id, token))
    if (!attempt || !provider.verifyWebhook) return call.body(null, 404)

    const rawBody = new Uint8Array(await call.req.arrayBuffer())
    try {
      // Signatures are dated by the real world, whatever the bot's clock does.
      const delivery = { headers: call.req.header(), rawBody, now: Date.now(), signal: call.req.raw.signal }
      const event = await provider.verifyWebhook(delivery)
      if (await keepEvent(database.statements, attempt, event, clock.now())) {
        log.debug({ provider: provider.id, generation: attempt.generationId }, 'webhook received')
        wakes.wake(attempt.generationId)
        wakeDispatcher()
      }
    } catch (error) {
      if (!(error instanceof WebhookRejected)) throw error
      log.warn({ provider: provider.id, generation: attempt.generationId, reason: error.message }, 'a webhook was rejected')
      return call.body(null, 401)
    }
    // Hosts wait only seconds for an answer; the work is done by whoever was woken.
    return call.body(null, 204)
  })
}

function isProviderId(name: string): name is ProviderId {
  return (providerIds as readonly string[]).includes(name)
}
