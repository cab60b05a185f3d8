import { createHmac } from 'node:crypto'

import { type WebhookDelivery, type WebhookEvent, WebhookRejected } from '../provider.ts'
import { hmacSha256, isSame, readWebhookBody } from '../shared/webhook-signature.ts'
import { WebhookBody } from './schemas.ts'

/** The secret that Eachlabs is asked to echo: the same after a restart, and it tells nothing of the key it is made from. */
export function webhookSecretOf(apiKey: string): string {
  return createHmac('sha256', apiKey).update('rushes webhooks from eachlabs').digest('hex')
}

/**
 * Eachlabs echoes the secret, or signs the body with it: its pages disagree, and one of them does not mention the header. So a header that fits
 * neither reading is refused, but none at all proves nothing either way: that the delivery came to the attempt's own, unguessable URL is the
 * caller's check, and the state is read with `status`. Contract: docs/providers.md#eachlabs
 */
export function readEachlabsWebhook({ headers, rawBody }: WebhookDelivery, secret: string): WebhookEvent {
  const echoed = headers['x-webhook-secret']
  if (echoed !== undefined && !fits(echoed, rawBody, secret)) throw new WebhookRejected('forged')
  const body = readWebhookBody(WebhookBody, rawBody)
  const id = body.exec_id ?? body.predictionID ?? body.id
  if (!id) throw new WebhookRejected('unreadable')
  return { operation: { id }, deliveryId: `${id}:${body.status ?? ''}` }
}

function fits(echoed: string, rawBody: Uint8Array, secret: string): boolean {
  const signature = hmacSha256(Buffer.from(secret), rawBody).toString('hex')
  const given = Buffer.from(echoed.replace(/^sha256=/, ''))
  return [secret, signature].some((expected) => isSame(given, Buffer.from(expected)))
}
