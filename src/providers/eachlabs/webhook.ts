import { type WebhookDelivery, type WebhookEvent, WebhookRejected } from '../provider.ts'
import { hmacSha256, isSame, readWebhookBody } from '../shared/webhook-signature.ts'
import { WebhookBody } from './schemas.ts'

/**
 * Eachlabs echoes the secret or signs the body with it: its documentation contradicts itself, and one page does not mention the header. So a header that
 * fits neither is refused, but a missing one proves nothing: the caller has checked the attempt's unguessable URL, and the state is read with `status`.
 * Contract: docs/providers.md#eachlabs
 */
export function readEachlabsWebhook({ headers, rawBody }: WebhookDelivery, secret: string): WebhookEvent {
  const header = headers['x-webhook-secret']
  if (header !== undefined && !fits(header, rawBody, secret)) throw new WebhookRejected('forged')
  const body = readWebhookBody(WebhookBody, rawBody)
  const id = body.exec_id ?? body.predictionID ?? body.id
  if (!id) throw new WebhookRejected('unreadable')
  return { operation: { id }, deliveryId: `${id}:${body.status ?? ''}` }
}

function fits(header: string, rawBody: Uint8Array, secret: string): boolean {
  const signature = hmacSha256(Buffer.from(secret), rawBody).toString('hex')
  const given = Buffer.from(header.replace(/^sha256=/, ''))
  return [secret, signature].some((expected) => isSame(given, Buffer.from(expected)))
}
