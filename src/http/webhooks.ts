import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'

import type { Clock } from '../lib/clock.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import { type Attempt, findAttemptByToken } from '../generations/store/attempts.ts'
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

type Sender = Provider & Required<Pick<Provider, 'verifyWebhook'>>

/** Larger than any provider's webhook. */
const maxBodyBytes = 256 * 1024

/**
 * `POST /webhooks/:provider/:token`: a provider reports a change of one attempt's job. The token exists only in that attempt's URL. The body is verified
 * by the provider's signature, and even then it only notifies the owner, which reads the state from the provider. Everything unknown is a plain 404.
 */
export function addWebhooks(app: Hono, { database, providers, notifier, clock, log }: WebhookContext): void {
  const path = '/:provider/:token'
  const webhooks = new Hono<{ Variables: { sender: Sender; attempt: Attempt } }>()

  // Before the body is read, so that strangers cost little.
  webhooks.post(path, async (call, next) => {
    const { provider: name, token } = call.req.param()
    const provider = providers.get(name)
    const attempt = provider && (await findAttemptByToken(database.statements, provider.id, token))
    if (!attempt || !sendsWebhooks(provider)) return call.body(null, 404)
    call.set('sender', provider)
    call.set('attempt', attempt)
    return next()
  })
  webhooks.post(path, bodyLimit({ maxSize: maxBodyBytes, onError: (call) => call.body(null, 413) }), async (call) => {
    const { sender: provider, attempt } = call.var
    const rawBody = new Uint8Array(await call.req.arrayBuffer())
    try {
      // Signatures are dated by real time, whatever the bot's clock is.
      const delivery = { headers: call.req.header(), rawBody, now: Date.now(), signal: call.req.raw.signal }
      const event = await provider.verifyWebhook(delivery)
      if (await recordWebhookEvent(database.statements, attempt, event, clock.now())) {
        log.debug({ provider: provider.id, generation: attempt.generationId }, 'webhook received')
        const generation = await findGeneration(database.statements, attempt.generationId)
        if (generation && isOver(generation.state) && !generation.captured) {
          log.error(
            { provider: provider.id, generation: generation.id, reference: generation.reference },
            'webhook for a job that was settled as not billed; check the provider invoice',
          )
        }
        notifier.notify(attempt.generationId)
        // A held generation has no owner: the workers check it.
        notifier.notifyWork()
      }
    } catch (error) {
      if (!(error instanceof WebhookRejected)) throw error
      log.warn({ provider: provider.id, generation: attempt.generationId, reason: error.message }, 'webhook rejected')
      return call.body(null, 401)
    }
    // Providers wait only seconds for a response; the notified worker does the rest.
    return call.body(null, 204)
  })
  // Takes over the routes that are there by now.
  app.route('/webhooks', webhooks)
}

function sendsWebhooks(provider: Provider): provider is Sender {
  return provider.verifyWebhook !== undefined
}
