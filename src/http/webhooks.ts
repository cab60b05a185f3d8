import type { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'

import type { Clock } from '../lib/clock.ts'
import { type ProviderId, providerIds } from '../domain/provider-id.ts'
import { findAttemptByToken } from '../generations/store/attempts.ts'
import { isOver } from '../generations/model/generation.ts'
import { recordWebhookEvent } from '../generations/store/webhook-events.ts'
import { findGeneration } from '../generations/store/generations.ts'
import type { Notifier } from '../generations/notify/notifier.ts'
import type { Log } from '../lib/log.ts'
import { type Provider, WebhookRejected } from '../providers/provider.ts'
import type { Database } from '../storage/database.ts'

export interface WebhookContext {
  database: Database
  providers: ReadonlyMap<ProviderId, Provider>
  notifier: Notifier
  clock: Clock
  log: Log
}

/** Larger than any provider's announcement; smaller than what could hurt. */
const maxBodyBytes = 256 * 1024

/**
 * `POST /webhooks/:provider/:token`: a provider says that something happened to the job of one attempt. The token is only in that attempt's URL; the body is
 * verified as the provider signs it, and even then only wakes whoever reads the state from the provider itself. Everything unknown is 404, without a hint.
 */
export function addWebhooks(app: Hono, { database, providers, notifier, clock, log }: WebhookContext): void {
  const path = '/webhooks/:provider/:token'
  const findAddressee = async (name: string, token: string) => {
    const provider = isProviderId(name) ? providers.get(name) : undefined
    const attempt = provider && (await findAttemptByToken(database.statements, provider.id, token))
    return attempt && provider.verifyWebhook ? { provider, attempt } : undefined
  }
  // Before the first byte of the body is read: a stranger gets no more of our attention than this.
  app.post(path, async (call, next) => {
    const { provider, token } = call.req.param()
    return (await findAddressee(provider, token)) ? next() : call.body(null, 404)
  })
  app.post(path, bodyLimit({ maxSize: maxBodyBytes, onError: (call) => call.body(null, 413) }), async (call) => {
    const { provider: name, token } = call.req.param()
    const addressee = await findAddressee(name, token)
    if (!addressee?.provider.verifyWebhook) return call.body(null, 404)
    const { provider, attempt } = addressee

    const rawBody = new Uint8Array(await call.req.arrayBuffer())
    try {
      // Signatures are dated by the real world, whatever the bot's clock does.
      const delivery = { headers: call.req.header(), rawBody, now: Date.now(), signal: call.req.raw.signal }
      const event = await addressee.provider.verifyWebhook(delivery)
      if (await recordWebhookEvent(database.statements, attempt, event, clock.now())) {
        log.debug({ provider: provider.id, generation: attempt.generationId }, 'webhook received')
        const generation = await findGeneration(database.statements, attempt.generationId)
        if (generation && isOver(generation.state) && !generation.captured) {
          log.error(
            { provider: provider.id, generation: generation.id, reference: generation.reference },
            'a provider speaks of a job that was settled as not billed: look at its bill',
          )
        }
        notifier.notify(attempt.generationId)
        // A held generation has no owner: the workers check it.
        notifier.notifyWork()
      }
    } catch (error) {
      if (!(error instanceof WebhookRejected)) throw error
      log.warn({ provider: provider.id, generation: attempt.generationId, reason: error.message }, 'a webhook was rejected')
      return call.body(null, 401)
    }
    // Providers wait only seconds for an answer; the work is done by whoever was woken.
    return call.body(null, 204)
  })
}

function isProviderId(name: string): name is ProviderId {
  return (providerIds as readonly string[]).includes(name)
}
